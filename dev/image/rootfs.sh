#!/usr/bin/env bash
# Writes the files of the image to a directory: `dev/image/rootfs.sh amd64|arm64 DIRECTORY`, on a machine of that platform.
#
# The program is linked statically, so that the image needs no other file than the trusted certificates: Mozilla's, from the package
# ca-certificates, without those that this machine trusts in addition. The same sources give the same bytes, wherever the checkout
# and cargo's home are. Needs rustup, musl-gcc (musl-tools), Python, and that package.
#
# CONNECT_OPERATOR_PROGRAMS may name a directory that keeps the program, by a hash of its inputs, for the next time.
set -euo pipefail
# Globs are sorted the same way everywhere.
export LC_ALL=C.UTF-8

case $1 in
amd64) target=x86_64-unknown-linux-musl ;;
arm64) target=aarch64-unknown-linux-musl ;;
*) echo "usage: dev/image/rootfs.sh amd64|arm64 DIRECTORY" >&2 && exit 2 ;;
esac
command -v musl-gcc >/dev/null || { echo "there is no musl-gcc: install musl-tools" >&2 && exit 1; }
rootfs=$(realpath --canonicalize-missing "$2")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
certificates=(/usr/share/ca-certificates/mozilla/*.crt)
[[ -e ${certificates[0]} ]] || { echo "there are no certificates: install ca-certificates" >&2 && exit 1; }

rustup target list --installed | grep --quiet --line-regexp "$target" || rustup target add "$target"

# Keeps this machine's paths out of the program: those in panics and in the output of build scripts. Paths of the checkout are relative
# already.
export CARGO_BUILD_BUILD_DIR=${CARGO_BUILD_BUILD_DIR:-$PWD/target/image-build}
export CARGO_TARGET_DIR=$CARGO_BUILD_BUILD_DIR/artifacts
home=${CARGO_HOME:-$HOME/.cargo}
export RUSTFLAGS="--remap-path-prefix=$home=/cargo --remap-path-prefix=$CARGO_BUILD_BUILD_DIR=/build"
# Packed relocations take a twentieth of the space, on disk and in memory.
RUSTFLAGS+=" -C link-arg=-Wl,-z,pack-relative-relocs"
export CFLAGS="-ffile-prefix-map=$home=/cargo -ffile-prefix-map=$CARGO_BUILD_BUILD_DIR=/build"
program=$CARGO_TARGET_DIR/$target/release/connect-operator
if [[ -n ${CONNECT_OPERATOR_PROGRAMS:-} ]]; then
    # A superset of the build's inputs: sources, dependencies, compilers and flags. The packages of the workspace are those that the
    # operator is built from.
    packages=$(cargo tree --locked --package connect-operator --edges normal,build --prefix none --format '{p}' |
        sed --quiet "s|.* ($(pwd -P)\(/[^)]*\)\{0,1\}).*|.\1/src|p" | sort --unique)
    [[ $packages == *./src* ]] || { echo "cargo tree does not show the operator's packages" >&2 && exit 1; }
    key=$({
        printf '%s\n' "$target" "$RUSTFLAGS" "$CFLAGS"
        rustc --version --verbose && musl-gcc --version && ld --version
        # The packages are not quoted, so that each is an argument.
        git ls-files -z --cached --others --exclude-standard -- .cargo Cargo.lock Cargo.toml 'crates/*/Cargo.toml' \
            dev/image/rootfs.sh rust-toolchain.toml $packages | sort --zero-terminated --unique | xargs -0 sha256sum --
    } | sha256sum | cut --delimiter=' ' --fields=1)
    built=$CONNECT_OPERATOR_PROGRAMS/$key
    if [[ ! -x $built ]]; then
        cargo build --release --locked --target "$target" --package connect-operator --bin connect-operator
        install -D --mode=0755 "$program" "$built.unfinished"
        mv "$built.unfinished" "$built"
    else
        echo "the program was built from the same inputs before: $key" >&2
    fi
    program=$built
else
    cargo build --release --locked --target "$target" --package connect-operator --bin connect-operator
fi

install -D --mode=0755 "$program" "$rootfs/usr/bin/connect-operator"
install -D --mode=0644 LICENSE "$rootfs/usr/share/doc/connect-operator/LICENSE"
dev/image/notices.py "$target" "$rootfs/usr/share/doc/connect-operator/THIRD-PARTY-NOTICES"
mkdir --parents "$rootfs/etc/ssl/certs"
cat "${certificates[@]}" >"$rootfs/etc/ssl/certs/ca-certificates.crt"
chmod 0644 "$rootfs/usr/share/doc/connect-operator/THIRD-PARTY-NOTICES" "$rootfs/etc/ssl/certs/ca-certificates.crt"
