# The image of connect-operator: one static program, the certificates it trusts, licences, and nothing else.
#
# `docker build .` builds everything. dev/image/build.sh, which releases use, builds the program on its own (dev/image/rootfs.sh) and
# replaces the stage "build" by its files: no daemon, no other image, and the same bytes each time.
# The digest is that of the list of all platforms. The tag says which version it is, and is not looked at.
FROM docker.io/library/rust:1.95.0-slim-bookworm@sha256:d7482085ff5b415f84dba5647ae71606650bdef00db7aeb69f4b3d170c3e4082 AS build
# Docker's older builder does not set it.
ARG TARGETARCH
RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates musl-tools python3 && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN dev/image/rootfs.sh "${TARGETARCH:-$(dpkg --print-architecture)}" /rootfs

FROM scratch
COPY --from=build /rootfs/ /
# The allocator returns the memory of each page of a list immediately: a third less memory with a thousand ConnectUsers.
ENV MIMALLOC_GENERIC_COLLECT=1000 MIMALLOC_PURGE_DELAY=0
# The user "nonroot" of distroless images, by number: Kubernetes' runAsNonRoot cannot check a name.
USER 65532:65532
# Metrics; health.
EXPOSE 8080 8081
ENTRYPOINT ["/usr/bin/connect-operator"]
CMD ["run"]
