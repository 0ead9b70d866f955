create table sluice.api_keys (
    id text primary key,
    client text not null,
    -- SHA-256 of the secret, which is not kept.
    hash bytea not null check (length(hash) = 32),
    scopes text[] not null,
    claims jsonb not null check (jsonb_typeof(claims) = 'object'),
    created_at timestamptz not null default now(),
    expires_at timestamptz,
    revoked_at timestamptz,
    last_used_at timestamptz
);
