-- Identity: API keys, each with the database role that its bearer acts as.

create schema iam authorization pylayer_owner;
comment on schema iam is 'Who may call: API keys, their roles and scopes';
grant usage on schema iam to pylayer_api, pylayer_admin, pylayer_agent, pylayer_analyst, pylayer_auditor;

create table iam.api_keys (
  key_id core.ulid primary key default core.new_ulid(),
  name text not null check (length(btrim(name)) between 1 and 200),
  -- Shorter than a ULID, so that an id is never somebody's prefix.
  prefix text not null unique check (prefix ~ '^[A-Za-z0-9_-]{4,20}$'),
  key_hash text not null unique check (key_hash ~ '^[0-9a-f]{64}$'),
  role text not null check (role in ('pylayer_agent', 'pylayer_analyst', 'pylayer_auditor', 'pylayer_admin')),
  scopes text[] not null check (
    scopes <@ array['events:write', 'events:read', 'artifacts:write', 'artifacts:read', 'models:read']
  ),
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz check (expires_at <= timestamptz '9999-12-31 00:00:00+00'),
  revoked_at timestamptz,
  last_used_at timestamptz
) with (fillfactor = 85);  -- room for HOT updates: use changes the row, none of its indexed columns
comment on table iam.api_keys is
'API keys. The secret is not here, only its hash. What a key may never changes; it is revoked once, and never removed';
comment on column iam.api_keys.key_id is 'ULID';
comment on column iam.api_keys.name is 'What the key is for, in words';
comment on column iam.api_keys.prefix is 'First characters of the secret, to tell keys apart; no secret';
comment on column iam.api_keys.key_hash is 'sha256 of the whole secret, lower-case hex';
comment on column iam.api_keys.role is 'Database role that requests with the key run under';
comment on column iam.api_keys.scopes is 'What the key may be used for, sorted; empty is nothing';
comment on column iam.api_keys.created_at is 'When it was made';
comment on column iam.api_keys.expires_at is 'From when on it is refused; null is never';
comment on column iam.api_keys.revoked_at is 'Since when it is refused for good; null is not';
comment on column iam.api_keys.last_used_at is 'When it was last used, to the minute; null is never';

create type iam.api_key_info as (
  key_id text,
  name text,
  prefix text,
  role text,
  scopes text array,
  created_at timestamptz,
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz
);
comment on type iam.api_key_info is 'An API key as functions return it, without its hash';

-- Guards ------------------------------------------------------------------------------------------------------

-- A removed key could be made again with another role; who remembers what a key may would then be wrong.
create trigger api_keys_immutable before update on iam.api_keys
for each row when (
  (new.key_id, new.name, new.prefix, new.key_hash, new.role, new.scopes, new.created_at, new.expires_at)
  is distinct from
  (old.key_id, old.name, old.prefix, old.key_hash, old.role, old.scopes, old.created_at, old.expires_at)
  or (old.revoked_at is not null and new.revoked_at is distinct from old.revoked_at)
) execute function core.forbid_mutation();
create trigger api_keys_keep before delete on iam.api_keys
for each row execute function core.forbid_mutation();
create trigger api_keys_keep_all before truncate on iam.api_keys
for each statement execute function core.forbid_mutation();
alter table iam.api_keys enable always trigger api_keys_immutable;
alter table iam.api_keys enable always trigger api_keys_keep;
alter table iam.api_keys enable always trigger api_keys_keep_all;

-- Owners and rights -------------------------------------------------------------------------------------------

alter table iam.api_keys owner to pylayer_owner;
alter type iam.api_key_info owner to pylayer_owner;

grant select, insert on iam.api_keys to pylayer_api;
grant update (revoked_at, last_used_at) on iam.api_keys to pylayer_api;
