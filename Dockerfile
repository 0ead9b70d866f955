FROM python:3.13-slim
WORKDIR /app
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY gateway gateway
COPY schema schema
COPY resolvers resolvers
COPY loaders loaders
COPY demo demo
RUN PIP_CONSTRAINT=constraints.txt pip install --no-cache-dir . && useradd --system sluice
COPY gateway.toml ./
USER sluice
EXPOSE 8000
CMD ["gateway", "serve", "--host", "0.0.0.0"]
