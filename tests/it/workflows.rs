//! The workflows in `.github`, checked by actionlint, and what they build with.

use std::{fs, process::Command};

use control_plane::tool;

use serde_json::Value;

use crate::support::{read, repository};

#[test]
fn the_workflows_are_sound() {
    let directory = repository(".github/workflows");
    let workflows: Vec<_> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!workflows.is_empty());
    // The result must not depend on whether shellcheck is installed.
    let output =
        Command::new(tool("actionlint").unwrap()).args(["-shellcheck=", "-pyflakes="]).args(&workflows).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

/// A program from a registry could sign something else in the name of the workflow, or replace what is released.
#[test]
fn jobs_that_can_sign_install_no_programs() {
    let release: Value = serde_saphyr::from_str(&read(".github/workflows/release.yml")).unwrap();
    let can_sign = |job: &&Value| ["id-token", "packages"].iter().any(|right| job["permissions"][right] == "write");
    let jobs: Vec<&Value> = release["jobs"].as_object().unwrap().values().filter(can_sign).collect();
    assert_eq!(jobs.len(), 3, "image, chart, release");
    for step in jobs.iter().flat_map(|job| job["steps"].as_array().unwrap()) {
        let run = step["run"].as_str().unwrap_or_default();
        let scripts = run.split_whitespace().filter(|word| word.starts_with("dev/")).map(read);
        for text in scripts.chain([run.to_owned()]) {
            assert!(["cargo ", "go install", "npm ", "pip "].iter().all(|tool| !text.contains(tool)), "{text}");
        }
    }
}

/// dev/release/files.sh completes a release; here it gets archives that are empty.
#[test]
fn krew_and_artifact_hub_can_read_what_a_release_publishes() {
    let (directory, tag) = (tempfile::tempdir().unwrap(), format!("v{}", env!("CARGO_PKG_VERSION")));
    for arch in ["amd64", "arm64"] {
        fs::write(directory.path().join(format!("connect-operator-{tag}-linux-{arch}.tar.gz")), "").unwrap();
    }
    let digest = format!("sha256:{}", "0".repeat(64));
    let output = Command::new(repository("dev/release/files.sh")).args([&tag, &digest]).arg(directory.path()).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let plugin = fs::read_to_string(directory.path().join("krew-plugin.yaml")).unwrap();
    let plugin: Value = serde_saphyr::from_str(&plugin).unwrap();
    let spec = &plugin["spec"];
    assert_eq!(
        [&plugin["apiVersion"], &plugin["kind"], &plugin["metadata"]["name"], &spec["version"]],
        ["krew.googlecontainertools.github.com/v1alpha2", "Plugin", "connect-users", &tag]
    );
    // krew shows this much of it.
    assert!((1..=50).contains(&spec["shortDescription"].as_str().unwrap().len()));
    assert!(["description", "homepage", "caveats"].iter().all(|member| spec[member].is_string()));
    let platforms = spec["platforms"].as_array().unwrap();
    assert_eq!(platforms.len(), 2);
    for (platform, arch) in platforms.iter().zip(["amd64", "arm64"]) {
        assert_eq!(platform["selector"]["matchLabels"], serde_json::json!({ "os": "linux", "arch": arch }));
        let of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!((&platform["sha256"], &platform["bin"]), (&of_nothing.into(), &"connect-operator".into()));
        let file = format!("/releases/download/{tag}/connect-operator-{tag}-linux-{arch}.tar.gz");
        assert!(platform["uri"].as_str().unwrap().ends_with(&file), "{platform}");
    }
    let hub: Value = serde_saphyr::from_str(&read("deploy/helm/artifacthub-repo.yml")).unwrap();
    let id = hub["repositoryID"].as_str().unwrap();
    let lengths: Vec<usize> = id.split('-').map(str::len).collect();
    assert!(lengths == [8, 4, 4, 4, 12] && id.chars().all(|c| c == '-' || c.is_ascii_hexdigit()), "{id}");
}

/// A tag can be moved to other code; a commit cannot.
#[test]
fn actions_are_named_by_commit() {
    let directory = repository(".github/workflows");
    for workflow in fs::read_dir(directory).unwrap() {
        let text = fs::read_to_string(workflow.unwrap().path()).unwrap();
        for action in text.lines().filter_map(|line| line.trim_start_matches([' ', '-']).strip_prefix("uses: ")) {
            let (_, version) = action.split_once('@').unwrap();
            let commit = version.split(' ').next().unwrap();
            assert!(commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()), "{action}");
            assert!(version.contains(" # v"), "{action}: say which version that is");
        }
    }
}

/// A tag can be moved to another image; a digest cannot.
#[test]
fn base_image_is_named_by_digest_and_has_the_pinned_compiler() {
    let dockerfile = read("Dockerfile");
    let images: Vec<_> =
        dockerfile.lines().filter_map(|line| line.strip_prefix("FROM ")).filter(|name| *name != "scratch").collect();
    let [image] = images[..] else { panic!("{images:?}") };
    let (name, digest) = image.strip_suffix(" AS build").unwrap().split_once("@sha256:").unwrap();
    assert!(digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()), "{image}");
    let toolchain = read("rust-toolchain.toml");
    let version = toolchain.split('"').nth(1).unwrap();
    assert!(name.ends_with(&format!("/rust:{version}-slim-bookworm")), "{name} has not Rust {version}");
}
