//! The command `connect-operator import`: users as other tools describe them, as ConnectUsers.
//!
//! Each source is one file here, which reads a text into [`record::Record`]s and what is lost. `record` makes manifests of these. Both are
//! without I/O, which is in this file. No password gets beyond the sources: they keep only that there was one.

mod cloudformation;
mod columns;
mod crossplane;
mod csv;
mod fields;
mod known;
mod record;
mod template;
mod terraform;
mod text;
mod words;
mod yaml;

use std::{
    collections::BTreeMap,
    fs,
    io::{Read, stdin},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use connect_api::Arn;

use self::{
    record::{Conversion, Imported, Wishes, convert},
    text::Broken,
};
use super::{orphans::instance, output::Output};
use crate::api::AdoptionPolicy;

/// Writes users that other tools describe as ConnectUsers.
///
/// It reads files alone: nothing in Connect. What cannot be carried over is listed on standard error. Passwords are never carried over.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  connect-operator import csv --instance <arn> --namespace sales users.csv > users.yaml
  terraform show -json | connect-operator import terraform --output-dir users/ -
  connect-operator import cloudformation --parameter Stage=prod --strict users.template.yaml
  kubectl get users.connect.aws.upbound.io -o yaml | connect-operator import crossplane -")]
pub(super) struct Import {
    /// What the files are: the console's template for adding users in bulk, what `terraform show -json` prints, CloudFormation templates,
    /// or objects of Crossplane's AWS provider.
    #[arg(value_enum)]
    source: Source,

    /// The files; - is standard input.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// The instance of the users. Needed for csv; the other files usually say it.
    #[arg(long, short, value_name = "ARN", value_parser = instance, required_if_eq("source", "csv"))]
    instance: Option<Arn>,

    /// The value of a parameter of the template, instead of its default. May be given more than once.
    #[arg(long, value_name = "KEY=VALUE", value_parser = parameter)]
    parameter: Vec<(String, String)>,

    /// The namespace of the ConnectUsers.
    #[arg(long, short)]
    namespace: Option<String>,

    /// What the operator does with users that exist already.
    #[arg(long, value_enum, default_value = "AdoptOrCreate")]
    adoption_policy: AdoptionPolicy,

    /// Let the operator generate the initial passwords, instead of naming a Secret for each user with a password in the file.
    #[arg(long)]
    generate_password: bool,

    /// Fail, and write nothing, if anything cannot be carried over.
    #[arg(long)]
    strict: bool,

    #[command(flatten)]
    output: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Source {
    Csv,
    Terraform,
    Cloudformation,
    Crossplane,
}

fn parameter(text: &str) -> Result<(String, String), String> {
    let (key, value) = text.split_once('=').ok_or("expected KEY=VALUE")?;
    Ok((key.to_owned(), value.to_owned()))
}

impl Import {
    pub(super) fn execute(self) -> anyhow::Result<()> {
        if self.generate_password && self.adoption_policy == AdoptionPolicy::Adopt {
            bail!("--generate-password is of no use with --adoption-policy Adopt, which never creates a user");
        }
        if !self.parameter.is_empty() && self.source != Source::Cloudformation {
            bail!("--parameter is for cloudformation alone");
        }
        self.output.check("import")?;
        let wishes = self.wishes();
        let mut files = Vec::new();
        for path in &self.files {
            let name = if path == Path::new("-") { "standard input".into() } else { path.display().to_string() };
            let bytes = bytes_of(path).with_context(|| name.clone())?;
            let imported = text::decode(&bytes).and_then(|text| self.read(&text, &wishes)).with_context(|| name.clone())?;
            files.push((name, imported));
        }
        if files.iter().all(|(_, imported)| imported.records.is_empty() && imported.lost.is_empty() && imported.notes.is_empty())
        {
            let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
            bail!("{}: there is no user in it", names.join(", "));
        }
        let Conversion { manifests, lost, notes } = convert(files, &wishes)?;
        lost.iter().for_each(|line| eprintln!("warning: {line}"));
        if self.strict && !lost.is_empty() {
            bail!("--strict: not everything can be carried over, so nothing is written");
        }
        notes.iter().for_each(|line| eprintln!("note: {line}"));
        self.output.write("import", &manifests)
    }

    fn wishes(&self) -> Wishes {
        Wishes {
            namespace: self.namespace.clone(),
            adoption_policy: self.adoption_policy,
            generate_password: self.generate_password,
        }
    }

    fn read(&self, text: &str, wishes: &Wishes) -> Result<Imported, Broken> {
        let instance = self.instance.as_ref();
        match (self.source, instance) {
            // Clap asks for it.
            (Source::Csv, None) => Ok(Imported::default()),
            (Source::Csv, Some(instance)) => csv::read(text, instance),
            (Source::Terraform, _) => terraform::read(text, instance),
            (Source::Cloudformation, _) => {
                let parameters: BTreeMap<String, String> = self.parameter.iter().cloned().collect();
                cloudformation::read(text, instance, &parameters)
            }
            (Source::Crossplane, _) => crossplane::read(text, instance, wishes),
        }
    }
}

fn bytes_of(path: &Path) -> std::io::Result<Vec<u8>> {
    if path != Path::new("-") {
        return fs::read(path);
    }
    let mut bytes = Vec::new();
    stdin().read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::manifests::{Shared, files, stream};

    /// The passwords of the samples all begin like this.
    const PASSWORD: &str = "Hunter";

    #[test]
    fn no_password_of_any_source_is_in_an_output() {
        let samples = [
            (Source::Csv, include_str!("../../../tests/import/users.csv"), 3),
            (Source::Terraform, include_str!("../../../tests/import/state.json"), 2),
            (Source::Terraform, include_str!("../../../tests/import/plan.json"), 1),
            (Source::Cloudformation, include_str!("../../../tests/import/template.yaml"), 1),
            (Source::Crossplane, include_str!("../../../tests/import/crossplane.yaml"), 2),
        ];
        for (source, text, users) in samples {
            assert!(text.contains(PASSWORD), "{source:?}");
            for generate_password in [false, true] {
                let import = Import {
                    source,
                    files: Vec::new(),
                    instance: (source == Source::Csv).then(|| record::tests::INSTANCE.parse().unwrap()),
                    parameter: Vec::new(),
                    namespace: None,
                    adoption_policy: AdoptionPolicy::AdoptOrCreate,
                    generate_password,
                    strict: false,
                    output: Output::default(),
                };
                let wishes = import.wishes();
                let imported = import.read(text, &wishes).unwrap();
                assert!(!format!("{imported:?}").contains(PASSWORD), "{source:?}: it gets no further than the source");
                let Conversion { manifests, lost, notes } = convert(vec![("file".into(), imported)], &wishes).unwrap();
                assert_eq!(manifests.len(), users, "{source:?}: {lost:#?}");
                let printed = format!(
                    "{}{:?}{lost:?}{notes:?}",
                    stream(&manifests).unwrap(),
                    files(&manifests, "", Shared::RoutingProfile).unwrap()
                );
                assert!(!printed.contains(PASSWORD), "{source:?}");
                assert_eq!(printed.contains("generatePassword: true"), generate_password, "{source:?}");
                assert_eq!(printed.contains("passwordSecretRef"), !generate_password, "{source:?}");
            }
        }
    }
}
