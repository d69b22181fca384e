FROM rust:1.95-slim-trixie AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends make nodejs npm \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /keylm

# The build tools depend on nothing but their versions: a layer that changes of the sources do not touch.
COPY Makefile Cargo.lock rust-toolchain.toml ./
COPY end2end/tools end2end/tools
RUN make wasm cargo-leptos wasm-bindgen

COPY . .
RUN make build


FROM debian:trixie-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --no-create-home keylm \
    && install -d -o keylm -g keylm -m 0700 /data
# The site is inside the binary: this one file is the whole deployment.
COPY --from=build /keylm/target/release/keylm /usr/local/bin/keylm

USER keylm
ENV KEYLM_ADDR=0.0.0.0:3000 KEYLM_DATA_DIR=/data
VOLUME /data
EXPOSE 3000
# bash speaks TCP, so the image needs no client for this.
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["bash", "-c", \
    "exec 3<>/dev/tcp/127.0.0.1/3000 && printf 'GET /readyz HTTP/1.0\\r\\n\\r\\n' >&3 && head -n 1 <&3 | grep -q ' 200 '"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["keylm"]
CMD ["serve"]
