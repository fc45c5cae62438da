# One image for the web app, the worker and the reward server.
#
#   docker build --tag touchstone .
#
# Where there is no GPU, the index of PyTorch's CPU builds makes the image several gigabytes smaller:
#
#   docker build --build-arg TORCH_INDEX=… --tag touchstone .
FROM python:3.11-slim

ARG TORCH_INDEX=""
ENV PIP_NO_CACHE_DIR=1 PYTHONUNBUFFERED=1 TOUCHSTONE_DATA_DIR=/data HF_HOME=/data/huggingface

WORKDIR /source
COPY constraints.txt ./
# alone and first, because it is the largest layer and the one that changes least
RUN pip install --constraint constraints.txt ${TORCH_INDEX:+--extra-index-url "$TORCH_INDEX"} torch
COPY pyproject.toml README.md ./
COPY migrations migrations
COPY static static
COPY templates templates
COPY app app
RUN pip install --constraint constraints.txt . && rm -rf build

RUN useradd --create-home --uid 10001 touchstone && install --directory --owner touchstone /data
USER touchstone
WORKDIR /home/touchstone
VOLUME /data
EXPOSE 8000 8001
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/health/ready', timeout=4)"]
ENTRYPOINT ["touchstone"]
CMD ["web", "--host", "0.0.0.0"]
