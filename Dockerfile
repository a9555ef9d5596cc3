# logferry as a container: one static binary and the certificate authorities, nothing else; no shell, not root.
#   docker build -t logferry .
#   docker run --rm logferry --help
# Liveness and readiness are HTTP: /livez and /readyz on port 9090. Docker and ECS ask by `logferry healthcheck`.

FROM rust:1.95.0-slim-bookworm AS build
# jemalloc is built by make.
RUN apt-get update -q && apt-get install -qy --no-install-recommends make
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    program=$(.ci/build "$(rustc --print host-tuple)") \
    && install -D "$program" /out/logferry \
    && install -D -m 644 /etc/ssl/certs/ca-certificates.crt /out/etc/ssl/certs/ca-certificates.crt

FROM scratch AS runtime
ARG VERSION=0.1.0 REVISION=unknown
LABEL org.opencontainers.image.title="logferry" \
      org.opencontainers.image.description="Ferries AWS Lambda logs out of S3 into OpenSearch: nothing lost, nothing twice" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /out/ /
USER 65532:65532
EXPOSE 9090
# Only whether it is alive: a worker that waits for OpenSearch must not be restarted.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["/logferry", "healthcheck"]
ENTRYPOINT ["/logferry"]
CMD ["worker"]
