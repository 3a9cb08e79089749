-- Models: what their tokens cost, and from when on.

create schema ai authorization pylayer_owner;
comment on schema ai is 'Models and their prices';
grant usage on schema ai to pylayer_api, pylayer_admin, pylayer_agent, pylayer_analyst, pylayer_auditor;

create table ai.models (
  model text collate "C" not null check (model ~ '^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,199}$'),
  valid_from timestamptz not null
  check (valid_from between timestamptz '1970-01-01 00:00:00+00' and timestamptz '9999-12-31 00:00:00+00'),
  provider text not null check (provider ~ '^[a-z][a-z0-9_.-]{0,62}$'),
  input_usd_per_mtok numeric not null
  check (input_usd_per_mtok between 0 and 1000000 and min_scale(input_usd_per_mtok) <= 6),
  cached_input_usd_per_mtok numeric not null
  check (cached_input_usd_per_mtok between 0 and 1000000 and min_scale(cached_input_usd_per_mtok) <= 6),
  output_usd_per_mtok numeric not null
  check (output_usd_per_mtok between 0 and 1000000 and min_scale(output_usd_per_mtok) <= 6),
  created_at timestamptz not null default clock_timestamp(),
  primary key (model, valid_from)
);
comment on table ai.models is
'Prices of models. A row holds from its valid_from until that of the model''s next row. Never changed or removed';
comment on column ai.models.model is 'Name of the model as its provider gives it, without the date of a snapshot';
comment on column ai.models.valid_from is 'From when on the price holds';
comment on column ai.models.provider is 'Who sells it, such as openai';
comment on column ai.models.input_usd_per_mtok is 'USD per million input tokens that were not cached';
comment on column ai.models.cached_input_usd_per_mtok is 'USD per million input tokens read from the provider''s cache';
comment on column ai.models.output_usd_per_mtok is 'USD per million output tokens';
comment on column ai.models.created_at is 'When the row was written';

create type ai.model_price as (
  model text,
  provider text,
  valid_from timestamptz,
  input_usd_per_mtok numeric,
  cached_input_usd_per_mtok numeric,
  output_usd_per_mtok numeric
);
comment on type ai.model_price is 'The price of a model at a time, USD per million tokens';

-- Guards ------------------------------------------------------------------------------------------------------

create trigger models_immutable before update or delete on ai.models
for each row execute function core.forbid_mutation();
create trigger models_keep_all before truncate on ai.models
for each statement execute function core.forbid_mutation();
alter table ai.models enable always trigger models_immutable;
alter table ai.models enable always trigger models_keep_all;

-- Owners and rights -------------------------------------------------------------------------------------------

alter table ai.models owner to pylayer_owner;
alter type ai.model_price owner to pylayer_owner;

grant select on ai.models to pylayer_api, pylayer_admin, pylayer_analyst, pylayer_auditor;
grant insert on ai.models to pylayer_api;
