# Images of the services: docker build --target channel|certs|device-light|device|basestation|bench . (or `make images`)
# Requires the wheelhouse of `make wheels`, and no network. BuildKit and the classic builder both work; the latter builds
# all stages up to its target, so the stages without torch come first.

ARG BASE_IMAGE=python:3.11-slim-bookworm

# --- The base of every image ---

FROM ${BASE_IMAGE} AS runtime
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp XDG_CACHE_HOME=/var/cache XDG_STATE_HOME=/var/lib
# A new volume gets the owner and mode of the folder on which it is mounted.
RUN groupadd --gid 10001 splitwave \
    && useradd --uid 10001 --gid 10001 --home-dir /tmp --no-create-home --shell /usr/sbin/nologin splitwave \
    && install --directory --owner 10001 --group 10001 \
        /var/cache/splitwave /var/lib/splitwave /var/lib/splitwave-results /var/lib/splitwave-tls
WORKDIR /opt/splitwave
COPY src/splitwave/__init__.py splitwave/

# --- Dependencies are installed in stages of their own, so that pip and the wheels are not in the final images ---

FROM ${BASE_IMAGE} AS channel-dependencies
RUN python -m venv /opt/pip && python -m venv --without-pip /opt/venv
WORKDIR /build
COPY constraints.txt ./
COPY requirements/*.txt requirements/
COPY wheels wheels
ENV PIP_NO_INDEX=1 PIP_FIND_LINKS=wheels PIP_CONSTRAINT=constraints.txt PIP_PYTHON=/opt/venv/bin/python \
    PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
RUN /opt/pip/bin/pip install --quiet --requirement requirements/channel.txt \
    || { echo "wheels/ lacks packages of requirements/channel.txt: run 'make wheels', then build again" >&2; exit 1; }
# Remove the packages' tests, and files only needed to compile against them.
RUN cd /opt/venv/lib/python3*/site-packages \
    && find . -type d -name tests -prune -exec rm -rf {} + \
    && rm -rf numpy/_core/include numpy/_core/lib numpy/random/lib

# --- The services. The code comes last, so that a change rebuilds only its layer and the bytecode. The services' user may read
# it even if the one who built the image had a umask of 077 ---

FROM runtime AS channel
COPY --from=channel-dependencies /opt/venv /opt/venv
COPY common splitwave/common
COPY channel splitwave/channel
RUN chmod -R a+rX . && python -m compileall -q .
USER 10001:10001
ENTRYPOINT ["python", "-m", "splitwave.channel"]

# --- The image of a board: a device that answers with an exported model, without torch ---

# Its dependencies are installed without what they need for models of more kinds, training and tools.
FROM channel-dependencies AS board-dependencies
RUN python -m venv --clear --without-pip /opt/venv \
    && /opt/pip/bin/pip install --quiet --no-deps --requirement requirements/board.txt \
    || { echo "wheels/ lacks packages of requirements/board.txt: run 'make wheels', then build again" >&2; exit 1; }
# ONNX Runtime's library is in its Python module, and once more beside it, for programs in other languages.
RUN cd /opt/venv/lib/python3*/site-packages \
    && find . -type d -name tests -prune -exec rm -rf {} + \
    && rm -rf numpy/_core/include numpy/_core/lib numpy/random/lib numpy/f2py numpy/distutils numpy/_pyinstaller \
        onnxruntime/transformers onnxruntime/quantization onnxruntime/tools onnxruntime/backend \
        onnxruntime/capi/libonnxruntime.so* \
    && find . -name '*.pyi' -delete

# The base without what installs packages and manages users and disks; dpkg still lists what is there.
FROM runtime AS board-system
RUN rm -f /var/lib/dpkg/info/*.prerm /var/lib/dpkg/info/*.postrm \
    && dpkg --purge --force-all adduser apt debconf debian-archive-keyring e2fsprogs gpgv libapt-pkg6.0 libcom-err2 \
        libdb5.3 libext2fs2 libgcrypt20 libgnutls30 libgpg-error0 libgssapi-krb5-2 libhogweed6 libidn2-0 libk5crypto3 \
        libkeyutils1 libkrb5-3 libkrb5support0 libncursesw6 libnettle8 libnsl2 libp11-kit0 libpam-modules \
        libpam-modules-bin libpam-runtime libreadline8 libsemanage2 libsepol2 libsqlite3-0 libss2 libsystemd0 libtasn1-6 \
        libtirpc3 libudev1 libunistring2 login logsave mount openssl passwd perl-base python3-distutils python3-lib2to3 \
        python3-pip-whl python3-setuptools-whl python3-venv python3.11-venv readline-common sysvinit-utils tzdata \
        util-linux util-linux-extra >/dev/null 2>&1 \
    && cd "$(python -c 'import sysconfig; print(sysconfig.get_path("stdlib"))')" \
    && rm -rf ensurepip idlelib lib2to3 pydoc_data test tkinter turtledemo config-* site-packages/pip* \
        site-packages/setuptools* /usr/share/doc/*/changelog* /var/cache/debconf /var/log/* /root/.cache

# In one layer, because a layer that removes files makes no image smaller.
FROM scratch AS device-light
ENV PATH=/opt/venv/bin:/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8 PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp XDG_CACHE_HOME=/var/cache XDG_STATE_HOME=/var/lib ORT_DISABLE_TELEMETRY=1
COPY --from=board-system / /
WORKDIR /opt/splitwave
COPY --from=board-dependencies /opt/venv /opt/venv
COPY common splitwave/common
COPY device splitwave/device
RUN install --directory --owner 10001 --group 10001 /var/cache/splitwave /var/lib/splitwave /var/lib/splitwave-tls \
    && chmod -R a+rX . && python -m compileall -q .
USER 10001:10001
ENTRYPOINT ["python", "-m", "splitwave.device"]

# --- The other services ---

FROM channel-dependencies AS certs-dependencies
RUN /opt/pip/bin/pip install --quiet --requirement requirements/certs.txt \
    || { echo "wheels/ lacks packages of requirements/certs.txt: run 'make wheels', then build again" >&2; exit 1; }

FROM runtime AS certs
RUN for party in basestation channel device operator; do \
        install --directory --owner 10001 --group 10001 --mode 0700 "/var/lib/splitwave-tls/$party"; done
COPY --from=certs-dependencies /opt/venv /opt/venv
COPY common splitwave/common
COPY testbed/__init__.py splitwave/testbed/
COPY testbed/certificates splitwave/testbed/certificates
RUN chmod -R a+rX . && python -m compileall -q .
USER 10001:10001
ENTRYPOINT ["python", "-m", "splitwave.testbed.certificates"]

FROM channel-dependencies AS torch-dependencies
RUN { /opt/pip/bin/pip install --quiet --requirement requirements/torch.txt \
      && /opt/pip/bin/pip install --quiet --no-deps --requirement requirements/data.txt; } \
    || { echo "wheels/ lacks packages of requirements/torch.txt or data.txt: run 'make wheels', then build again" >&2; exit 1; }
# Remove tests, headers and tools, which are a quarter of torch.
RUN cd /opt/venv/lib/python3*/site-packages \
    && find . -type d -name tests -prune -exec rm -rf {} + \
    && rm -rf torch/include torch/test torch/share \
    && find torch/bin -type f -not -name torch_shm_manager -delete

FROM runtime AS torch-runtime
COPY --from=torch-dependencies /opt/venv /opt/venv

FROM torch-runtime AS device
COPY common splitwave/common
COPY channel/__init__.py splitwave/channel/
COPY channel/models splitwave/channel/models
COPY channel/draws splitwave/channel/draws
COPY device splitwave/device
RUN chmod -R a+rX . && python -m compileall -q .
USER 10001:10001
ENTRYPOINT ["python", "-m", "splitwave.device"]

FROM torch-runtime AS basestation
COPY common splitwave/common
COPY channel/__init__.py splitwave/channel/
COPY channel/models splitwave/channel/models
COPY channel/draws splitwave/channel/draws
COPY basestation splitwave/basestation
RUN chmod -R a+rX . && python -m compileall -q .
USER 10001:10001
ENTRYPOINT ["python", "-m", "splitwave.basestation"]

FROM torch-runtime AS bench
COPY common splitwave/common
COPY channel/__init__.py splitwave/channel/
COPY channel/models splitwave/channel/models
COPY channel/draws splitwave/channel/draws
COPY device splitwave/device
COPY basestation splitwave/basestation
COPY testbed splitwave/testbed
COPY benchmarks splitwave/benchmarks
RUN chmod -R a+rX . && python -m compileall -q .
USER 10001:10001
ENTRYPOINT ["python", "-m", "splitwave.benchmarks.core"]
