FROM python:3.13-slim
WORKDIR /app
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY gateway gateway
COPY resolvers resolvers
COPY loaders loaders
# Editable: the shop stands beside the packages and is not installed, so all run from here.
RUN PIP_CONSTRAINT=constraints.txt pip install --no-cache-dir --editable '.[all]' \
    && useradd --system sluice
COPY schema schema
COPY demo demo
COPY gateway.toml ./
USER sluice
EXPOSE 8000
CMD ["gateway", "serve", "--host", "0.0.0.0"]
