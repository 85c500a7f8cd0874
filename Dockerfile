# The studio on a server's CPU: docker build -t impasto . && docker run -p 7860:7860 -v impasto:/data impasto
FROM python:3.11-slim

WORKDIR /impasto
COPY . .
# PyTorch's CPU build: the default one has several gigabytes of CUDA.
RUN pip install --no-cache-dir -c constraints.txt torch --index-url https://download.pytorch.org/whl/cpu
RUN pip install --no-cache-dir -c constraints.txt ".[studio]"

RUN useradd --create-home painter && mkdir /data && chown painter /data
USER painter
VOLUME /data
EXPOSE 7860

# It prints the address with the token that other machines need; set IMPASTO_STUDIO_TOKEN to choose that.
CMD ["impasto", "studio", "--host", "0.0.0.0", "--data", "/data", "--no-browser"]
