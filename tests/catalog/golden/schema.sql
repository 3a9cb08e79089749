CREATE SCHEMA ai;

ALTER SCHEMA ai OWNER TO pylayer_owner;

COMMENT ON SCHEMA ai IS 'Models and their prices';

CREATE SCHEMA core;

ALTER SCHEMA core OWNER TO pylayer_owner;

COMMENT ON SCHEMA core IS 'Settings, ULIDs and guards that every other schema uses';

CREATE SCHEMA iam;

ALTER SCHEMA iam OWNER TO pylayer_owner;

COMMENT ON SCHEMA iam IS 'Who may call: API keys, their roles and scopes';

CREATE SCHEMA telemetry;

ALTER SCHEMA telemetry OWNER TO pylayer_owner;

COMMENT ON SCHEMA telemetry IS 'Workflow events: append-only, deduplicated exactly, partitioned by month';

CREATE SCHEMA work;

ALTER SCHEMA work OWNER TO pylayer_owner;

COMMENT ON SCHEMA work IS 'Artifacts and operational state';

CREATE EXTENSION IF NOT EXISTS pg_partman WITH SCHEMA partman;

COMMENT ON EXTENSION pg_partman IS 'Extension to manage partitioned tables by time or ID';

CREATE TYPE ai.model_price AS (
	model text,
	provider text,
	valid_from timestamp with time zone,
	input_usd_per_mtok numeric,
	cached_input_usd_per_mtok numeric,
	output_usd_per_mtok numeric
);

ALTER TYPE ai.model_price OWNER TO pylayer_owner;

COMMENT ON TYPE ai.model_price IS 'The price of a model at a time, USD per million tokens';

CREATE DOMAIN core.ulid AS text COLLATE pg_catalog."C"
	CONSTRAINT ulid_format CHECK ((VALUE ~ '^[0-7][0-9A-HJKMNP-TV-Z]{25}$'::text));

ALTER DOMAIN core.ulid OWNER TO pylayer_owner;

COMMENT ON DOMAIN core.ulid IS 'ULID: 26 characters of upper-case Crockford base32; 48 bits of milliseconds since 1970, 80 random bits';

CREATE TYPE iam.api_key_info AS (
	key_id text,
	name text,
	prefix text,
	role text,
	scopes text[],
	created_at timestamp with time zone,
	expires_at timestamp with time zone,
	revoked_at timestamp with time zone,
	last_used_at timestamp with time zone
);

ALTER TYPE iam.api_key_info OWNER TO pylayer_owner;

COMMENT ON TYPE iam.api_key_info IS 'An API key as functions return it, without its hash';

CREATE TYPE telemetry.checked_event AS (
	"position" integer,
	event_id text,
	event_version integer,
	event_name text,
	ts timestamp with time zone,
	run_id text,
	item_id text,
	workflow_name text,
	agent_role text,
	payload jsonb,
	project_id text,
	metadata jsonb,
	reason text,
	detail text,
	id_ts timestamp with time zone
);

ALTER TYPE telemetry.checked_event OWNER TO pylayer_owner;

COMMENT ON TYPE telemetry.checked_event IS 'One event of a batch after its checks; reason is null when it may be stored';

CREATE TYPE telemetry.counted_event AS (
	recorded_xid bigint,
	event_id text COLLATE pg_catalog."C",
	partition oid,
	event_name text,
	ts timestamp with time zone,
	run_id text,
	item_id text,
	workflow_name text,
	agent_role text,
	project_id text,
	label_1 text,
	label_2 text,
	label_3 text,
	label_4 text,
	input_tokens numeric,
	cached_input_tokens numeric,
	output_tokens numeric,
	cost_usd numeric,
	duration_ms numeric
);

ALTER TYPE telemetry.counted_event OWNER TO pylayer_owner;

COMMENT ON TYPE telemetry.counted_event IS 'What a refresh takes of one event; labels and numbers only where its payload fulfils version 1 of its contract';

CREATE TYPE work.storage_backend AS ENUM (
    'inline',
    's3'
);

ALTER TYPE work.storage_backend OWNER TO pylayer_owner;

COMMENT ON TYPE work.storage_backend IS 'Where the content of a version stands: in the row, or in object storage';

CREATE TYPE work.artifact_info AS (
	artifact_id text,
	version integer,
	type text,
	mime_type text,
	size_bytes bigint,
	content_hash text,
	storage_backend work.storage_backend,
	storage_key text,
	preview_text text,
	extracted_fields jsonb,
	is_kb_ingested boolean,
	created_at timestamp with time zone,
	latest_version integer,
	tags jsonb,
	owner_item_id text,
	owner_run_id text,
	project_id text,
	deleted boolean
);

ALTER TYPE work.artifact_info OWNER TO pylayer_owner;

COMMENT ON TYPE work.artifact_info IS 'A version with what its artifact says, without content; deleted: its content is gone';

CREATE TYPE work.upload_state AS ENUM (
    'open',
    'committed',
    'unchanged',
    'aborted',
    'expired'
);

ALTER TYPE work.upload_state OWNER TO pylayer_owner;

COMMENT ON TYPE work.upload_state IS 'open: may be committed; committed: became a version; unchanged: its bytes were the latest already; the last three leave an object to delete';

CREATE TYPE work.version_info AS (
	artifact_id text,
	version integer,
	type text,
	mime_type text,
	size_bytes bigint,
	content_hash text,
	storage_backend work.storage_backend,
	storage_key text,
	preview_text text,
	extracted_fields jsonb,
	created boolean,
	created_at timestamp with time zone
);

ALTER TYPE work.version_info OWNER TO pylayer_owner;

COMMENT ON TYPE work.version_info IS 'A version as a write returns it; created is false when the bytes were stored already';

CREATE FUNCTION ai.cost_usd_est(p_model text, p_input_tokens bigint, p_cached_input_tokens bigint, p_output_tokens bigint, p_at timestamp with time zone DEFAULT now()) RETURNS numeric
    LANGUAGE sql STABLE STRICT SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select round(
    (
      (p_input_tokens - p_cached_input_tokens) * m.input_usd_per_mtok
      + p_cached_input_tokens * m.cached_input_usd_per_mtok
      + p_output_tokens * m.output_usd_per_mtok
    ) * 0.000001,  -- exact, as a division need not be
    9
  )
  from ai.models as m
  where p_cached_input_tokens between 0 and p_input_tokens
    and p_output_tokens >= 0
    and m.valid_from <= p_at
    and (
      m.model = p_model
      or (starts_with(p_model, m.model) and substr(p_model, length(m.model) + 1, 1) in ('-', '@', ':'))
    )
  order by length(m.model) desc, m.valid_from desc
  limit 1
$$;

ALTER FUNCTION ai.cost_usd_est(p_model text, p_input_tokens bigint, p_cached_input_tokens bigint, p_output_tokens bigint, p_at timestamp with time zone) OWNER TO pylayer_api;

COMMENT ON FUNCTION ai.cost_usd_est(p_model text, p_input_tokens bigint, p_cached_input_tokens bigint, p_output_tokens bigint, p_at timestamp with time zone) IS 'What a call of a model costs by its list price at a time, USD; null when that is not known';

CREATE FUNCTION ai.model_prices(p_at timestamp with time zone DEFAULT now()) RETURNS SETOF ai.model_price
    LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select distinct on (m.model)
    m.model,
    m.provider,
    m.valid_from,
    m.input_usd_per_mtok,
    m.cached_input_usd_per_mtok,
    m.output_usd_per_mtok
  from ai.models as m
  where m.valid_from <= p_at
  order by m.model, m.valid_from desc
$$;

ALTER FUNCTION ai.model_prices(p_at timestamp with time zone) OWNER TO pylayer_api;

COMMENT ON FUNCTION ai.model_prices(p_at timestamp with time zone) IS 'The price of each model at a time (default: now), USD per million tokens';

CREATE FUNCTION ai.set_model_price(p_model text, p_provider text, p_input_usd_per_mtok numeric, p_output_usd_per_mtok numeric, p_valid_from timestamp with time zone, p_cached_input_usd_per_mtok numeric DEFAULT NULL::numeric) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  v_cached numeric := coalesce(p_cached_input_usd_per_mtok, p_input_usd_per_mtok);
begin
  if (p_model ~ '^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,199}$' and p_provider ~ '^[a-z][a-z0-9_.-]{0,62}$') is not true then
    raise exception using
      errcode = 'PT400', message = 'the model or its provider is malformed', constraint = 'invalid_model',
      detail = format('%s of %s', left(p_model, 200), left(p_provider, 63)),
      hint = 'a model is up to 200 of A-Z, a-z, 0-9, ., _, :, /, @ and -, a provider a lower-case word';
  elsif (
    select bool_and(v.price between 0 and 1000000 and min_scale(v.price) <= 6) is not true or count(v.price) < 3
    from (values (p_input_usd_per_mtok), (v_cached), (p_output_usd_per_mtok)) as v (price)
  ) then
    raise exception using
      errcode = 'PT400', message = 'a price is missing or out of range', constraint = 'invalid_price',
      detail = left(format('input %s, cached %s, output %s', p_input_usd_per_mtok, v_cached, p_output_usd_per_mtok), 200),
      hint = 'USD per million tokens, 0 to 1000000, with at most 6 decimals';
  elsif (p_valid_from between '1970-01-01 00:00:00+00' and '9999-12-31 00:00:00+00') is not true then
    raise exception using
      errcode = 'PT400', message = 'the time is missing or out of range', constraint = 'invalid_time',
      detail = coalesce(p_valid_from::text, 'null'), hint = 'from 1970 to 9999';
  end if;
  insert into ai.models (
    model, valid_from, provider, input_usd_per_mtok, cached_input_usd_per_mtok, output_usd_per_mtok
  ) values (p_model, p_valid_from, p_provider, p_input_usd_per_mtok, v_cached, p_output_usd_per_mtok)
  on conflict do nothing;
  if found then
    return true;
  end if;
  if not exists (
    select from ai.models as m
    where m.model = p_model
      and m.valid_from = p_valid_from
      and m.provider = p_provider
      and m.input_usd_per_mtok = p_input_usd_per_mtok
      and m.cached_input_usd_per_mtok = v_cached
      and m.output_usd_per_mtok = p_output_usd_per_mtok
  ) then
    raise exception using
      errcode = 'PT409', message = 'the model has another price from then on', constraint = 'price_exists',
      detail = format('%s from %s', p_model, p_valid_from), hint = 'prices never change: write the right one from a later time on';
  end if;
  return false;
end
$_$;

ALTER FUNCTION ai.set_model_price(p_model text, p_provider text, p_input_usd_per_mtok numeric, p_output_usd_per_mtok numeric, p_valid_from timestamp with time zone, p_cached_input_usd_per_mtok numeric) OWNER TO pylayer_api;

COMMENT ON FUNCTION ai.set_model_price(p_model text, p_provider text, p_input_usd_per_mtok numeric, p_output_usd_per_mtok numeric, p_valid_from timestamp with time zone, p_cached_input_usd_per_mtok numeric) IS 'Writes the price that a model has from a time on; safe to repeat. Errors: PT400, PT409 price_exists';

CREATE FUNCTION core.advance_epoch() RETURNS integer
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  update core.settings as s
  set epoch = s.epoch + 1, system_identifier = c.system_identifier
  from pg_control_system() as c
  returning s.epoch
$$;

ALTER FUNCTION core.advance_epoch() OWNER TO pylayer_api;

COMMENT ON FUNCTION core.advance_epoch() IS 'Begins a new epoch, after the data came back from a backup';

CREATE FUNCTION core.crockford_8(p_bits bigint) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
  select substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((p_bits >> 35) & 31)::int + 1, 1)
    || substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((p_bits >> 30) & 31)::int + 1, 1)
    || substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((p_bits >> 25) & 31)::int + 1, 1)
    || substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((p_bits >> 20) & 31)::int + 1, 1)
    || substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((p_bits >> 15) & 31)::int + 1, 1)
    || substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((p_bits >> 10) & 31)::int + 1, 1)
    || substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', ((p_bits >> 5) & 31)::int + 1, 1)
    || substr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', (p_bits & 31)::int + 1, 1)
$$;

ALTER FUNCTION core.crockford_8(p_bits bigint) OWNER TO pylayer_owner;

COMMENT ON FUNCTION core.crockford_8(p_bits bigint) IS 'The lowest 40 bits of a number as eight characters of Crockford base32';

CREATE FUNCTION core.current_epoch() RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_system bigint := (select c.system_identifier from pg_control_system() as c);
  v_epoch integer;
begin
  select s.epoch into v_epoch from core.settings as s where s.system_identifier = v_system;
  if not found then
    update core.settings as s
    set epoch = s.epoch + 1, system_identifier = v_system
    where s.system_identifier <> v_system;
    select s.epoch into v_epoch from core.settings as s;
  end if;
  return v_epoch;
end
$$;

ALTER FUNCTION core.current_epoch() OWNER TO pylayer_api;

COMMENT ON FUNCTION core.current_epoch() IS 'Epoch of this cluster; advances once when the data has moved to another cluster';

CREATE FUNCTION core.forbid_mutation() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  raise exception using
    errcode = 'PT403', message = 'rows of this table are never changed or removed', constraint = 'append_only',
    detail = format('%s on %I.%I', tg_op, tg_table_schema, tg_table_name),
    hint = 'append a new row instead; only retention removes data, a whole month at a time';
end
$$;

ALTER FUNCTION core.forbid_mutation() OWNER TO pylayer_owner;

COMMENT ON FUNCTION core.forbid_mutation() IS 'Trigger function of append-only tables: refuses UPDATE, DELETE and TRUNCATE for every role. Errors: PT403 append_only';

CREATE FUNCTION core.ms_time(p_ms bigint) RETURNS timestamp with time zone
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
  select timestamptz '1970-01-01 00:00:00+00' + interval '1 second' * (p_ms / 1000) + interval '1 millisecond' * (p_ms % 1000)
$$;

ALTER FUNCTION core.ms_time(p_ms bigint) OWNER TO pylayer_owner;

COMMENT ON FUNCTION core.ms_time(p_ms bigint) IS 'The time of a number of milliseconds since 1970, exactly';

CREATE FUNCTION core.new_ulid(p_ts timestamp with time zone DEFAULT clock_timestamp()) RETURNS text
    LANGUAGE plpgsql PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_random bytea := uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid());
begin
  return left(core.ulid_floor(p_ts), 10)  -- the first six bytes of a version 4 UUID are random bits only
    || core.crockford_8(('x' || encode(substr(v_random, 1, 5), 'hex'))::bit(40)::bigint)
    || core.crockford_8(('x' || encode(substr(v_random, 17, 5), 'hex'))::bit(40)::bigint);
end
$$;

ALTER FUNCTION core.new_ulid(p_ts timestamp with time zone) OWNER TO pylayer_owner;

COMMENT ON FUNCTION core.new_ulid(p_ts timestamp with time zone) IS 'A new ULID of a time (default: now) with 80 random bits; not monotonic within a millisecond. Errors: PT400 ulid_time_range';

CREATE FUNCTION core.referenced_blobs() RETURNS TABLE(storage_key text, size_bytes bigint, content_hash text, mime_type text, artifact_id text, version integer)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
  select v.storage_key, v.size_bytes, v.content_hash, v.mime_type, v.artifact_id::text, v.version
  from work.artifact_versions as v
  where v.storage_backend = 's3'
    and not exists (
      select from work.artifact_tombstones as t where t.artifact_id = v.artifact_id and t.version = v.version
    )
  union all
  select a.storage_key, a.size_bytes, a.content_hash, 'application/vnd.apache.parquet', null, null
  from telemetry.archives as a
  where a.verified_at is not null
$$;

ALTER FUNCTION core.referenced_blobs() OWNER TO pylayer_api;

COMMENT ON FUNCTION core.referenced_blobs() IS 'Objects that the rows of this snapshot refer to, for a backup';

CREATE FUNCTION core.settings_guard() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if new.retention_floor < old.retention_floor or new.epoch < old.epoch or new.max_ts_skew < old.max_ts_skew then
    raise exception using
      errcode = 'PT403', message = 'this setting only grows', constraint = 'only_grows',
      detail = format(
        'retention_floor %s -> %s, epoch %s -> %s, max_ts_skew %s -> %s',
        old.retention_floor, new.retention_floor, old.epoch, new.epoch, old.max_ts_skew, new.max_ts_skew
      ),
      hint = 'a lower floor would let duplicates of dropped events back in, a smaller skew would hide stored events from readers';
  end if;
  new.updated_at := now();
  return new;
end
$$;

ALTER FUNCTION core.settings_guard() OWNER TO pylayer_owner;

COMMENT ON FUNCTION core.settings_guard() IS 'Trigger function: the retention floor, the epoch and max_ts_skew only grow. Errors: PT403 only_grows';

CREATE FUNCTION core.ulid_floor(p_ts timestamp with time zone) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_ms numeric := floor(extract(epoch from p_ts at time zone 'UTC') * 1000);
begin
  if v_ms not between 0 and 281474976710655 then
    raise exception using
      errcode = 'PT400', message = 'time outside of what a ULID can hold', constraint = 'ulid_time_range',
      detail = v_ms::text || ' milliseconds since 1970', hint = 'a ULID holds times from 1970 to 10889';
  end if;
  return right(core.crockford_8(v_ms::bigint >> 40), 2) || core.crockford_8(v_ms::bigint) || repeat('0', 16);
end
$$;

ALTER FUNCTION core.ulid_floor(p_ts timestamp with time zone) OWNER TO pylayer_owner;

COMMENT ON FUNCTION core.ulid_floor(p_ts timestamp with time zone) IS 'The least ULID of a time''s millisecond. Errors: PT400 ulid_time_range';

CREATE FUNCTION core.ulid_ms(p_ulid text) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
  select ((strpos('0123456789ABCDEFGHJKMNPQRSTVWXYZ', substr(p_ulid, 1, 1)) - 1)::bigint << 45)
    | ((strpos('0123456789ABCDEFGHJKMNPQRSTVWXYZ', substr(p_ulid, 2, 1)) - 1)::bigint << 40)
    | ((strpos('0123456789ABCDEFGHJKMNPQRSTVWXYZ', substr(p_ulid, 3, 1)) - 1)::bigint << 35)
    | ((strpos('0123456789ABCDEFGHJKMNPQRSTVWXYZ', substr(p_ulid, 4, 1)) - 1)::bigint << 30)
    | ((strpos('0123456789ABCDEFGHJKMNPQRSTVWXYZ', substr(p_ulid, 5, 1)) - 1)::bigint << 25)
    | ((strpos('0123456789ABCDEFGHJKMNPQRSTVWXYZ', substr(p_ulid, 6, 1)) - 1)::bigint << 20)
    | ((strpos('0123456789ABCDEFGHJKMNPQRSTVWXYZ', substr(p_ulid, 7, 1)) - 1)::bigint << 15)
    | ((strpos('0123456789ABCDEFGHJKMNPQRSTVWXYZ', substr(p_ulid, 8, 1)) - 1)::bigint << 10)
    | ((strpos('0123456789ABCDEFGHJKMNPQRSTVWXYZ', substr(p_ulid, 9, 1)) - 1)::bigint << 5)
    | ((strpos('0123456789ABCDEFGHJKMNPQRSTVWXYZ', substr(p_ulid, 10, 1)) - 1)::bigint << 0)
$$;

ALTER FUNCTION core.ulid_ms(p_ulid text) OWNER TO pylayer_owner;

COMMENT ON FUNCTION core.ulid_ms(p_ulid text) IS 'Milliseconds since 1970 in a well-formed ULID; unchecked, for rows that a CHECK or a caller has validated';

CREATE FUNCTION core.ulid_time(p_ulid text) RETURNS timestamp with time zone
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
begin
  if p_ulid !~ '^[0-7][0-9A-HJKMNP-TV-Z]{25}$' then
    raise exception using
      errcode = 'PT400', message = 'malformed ULID', constraint = 'invalid_ulid', detail = left(p_ulid, 64),
      hint = 'a ULID is 26 characters of upper-case Crockford base32';
  end if;
  return core.ms_time(core.ulid_ms(p_ulid));
end
$_$;

ALTER FUNCTION core.ulid_time(p_ulid text) OWNER TO pylayer_owner;

COMMENT ON FUNCTION core.ulid_time(p_ulid text) IS 'Time in a ULID, to the millisecond. Errors: PT400 invalid_ulid';

CREATE FUNCTION iam.authenticate(p_key_hash text) RETURNS TABLE(key_id text, role text, scopes text[], expires_at timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
  v_now timestamptz := clock_timestamp();
  v_last_used_at timestamptz;
begin
  select k.key_id::text, k.role, k.scopes, k.expires_at, k.last_used_at
  into authenticate.key_id, authenticate.role, authenticate.scopes, authenticate.expires_at, v_last_used_at
  from iam.api_keys as k
  where k.key_hash = p_key_hash and k.revoked_at is null and (k.expires_at is null or k.expires_at > v_now);
  if not found then
    raise exception using
      errcode = 'PT401', message = 'the API key is not valid', constraint = 'invalid_key',
      detail = 'unknown, expired or revoked', hint = 'use a key that is neither expired nor revoked';
  end if;
  if (v_last_used_at > v_now - interval '1 minute') is not true
    and not current_setting('transaction_read_only')::boolean then
    update iam.api_keys as k set last_used_at = v_now
    where k.key_id = (
      select u.key_id from iam.api_keys as u
      where u.key_id = authenticate.key_id and (u.last_used_at > v_now - interval '1 minute') is not true
      for no key update skip locked
    );
  end if;
  return next;
end
$$;

ALTER FUNCTION iam.authenticate(p_key_hash text) OWNER TO pylayer_api;

COMMENT ON FUNCTION iam.authenticate(p_key_hash text) IS 'Who holds the API key with a hash; notes its use once a minute. Errors: PT401 invalid_key, whatever is wrong with it';

CREATE FUNCTION iam.check_api_key(p_name text, p_prefix text, p_key_hash text, p_role text, p_scopes text[], p_expires_at timestamp with time zone) RETURNS void
    LANGUAGE plpgsql PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  v_allowed text[] := iam.role_scopes(p_role => p_role);
begin
  if coalesce(length(btrim(p_name)), 0) not between 1 and 200 then
    raise exception using
      errcode = 'PT400', message = 'the name is missing or too long', constraint = 'invalid_name',
      detail = format('%s characters', length(p_name)), hint = 'say in 1 to 200 characters what the key is for';
  elsif (p_prefix ~ '^[A-Za-z0-9_-]{4,20}$') is not true then
    raise exception using
      errcode = 'PT400', message = 'the prefix is malformed', constraint = 'invalid_prefix',
      detail = format('%s characters', length(p_prefix)), hint = '4 to 20 of A-Z, a-z, 0-9, _ and -';
  elsif (p_key_hash ~ '^[0-9a-f]{64}$') is not true then  -- what was sent may be the secret itself: it is not repeated
    raise exception using
      errcode = 'PT400', message = 'the hash is malformed', constraint = 'invalid_key_hash',
      detail = format('%s characters', length(p_key_hash)), hint = 'sha256 of the whole secret, 64 digits of lower-case hex';
  elsif v_allowed is null then
    raise exception using
      errcode = 'PT400', message = 'no key can act as this role', constraint = 'invalid_role',
      detail = coalesce(left(p_role, 64), 'null'),
      hint = 'pylayer_agent, pylayer_analyst, pylayer_auditor or pylayer_admin';
  elsif (p_scopes <@ v_allowed) is not true then
    raise exception using
      errcode = 'PT400', message = 'the role has no such scope', constraint = 'invalid_scopes',
      detail = left(array_to_string(p_scopes, ', ', 'null'), 200),
      hint = format('%s may have %s', p_role, array_to_string(v_allowed, ', '));
  elsif p_expires_at <= clock_timestamp() or p_expires_at > '9999-12-31 00:00:00+00' then
    raise exception using
      errcode = 'PT400', message = 'the key would have expired already, or never would', constraint = 'invalid_expiry',
      detail = p_expires_at::text, hint = 'a time to come before the year 10000; null for a key that does not expire';
  end if;
end
$_$;

ALTER FUNCTION iam.check_api_key(p_name text, p_prefix text, p_key_hash text, p_role text, p_scopes text[], p_expires_at timestamp with time zone) OWNER TO pylayer_api;

COMMENT ON FUNCTION iam.check_api_key(p_name text, p_prefix text, p_key_hash text, p_role text, p_scopes text[], p_expires_at timestamp with time zone) IS 'Refuses what a new API key cannot be. Errors: PT400';

CREATE FUNCTION iam.create_api_key(p_name text, p_prefix text, p_key_hash text, p_role text DEFAULT 'pylayer_agent'::text, p_scopes text[] DEFAULT NULL::text[], p_expires_at timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS iam.api_key_info
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_allowed text[] := iam.role_scopes(p_role => p_role);
  v_scopes text[] := array(select distinct s.scope from unnest(coalesce(p_scopes, v_allowed)) as s (scope) order by s.scope);
  v_key iam.api_key_info;
begin
  perform iam.check_api_key(
    p_name => p_name, p_prefix => p_prefix, p_key_hash => p_key_hash, p_role => p_role, p_scopes => v_scopes,
    p_expires_at => p_expires_at
  );
  insert into iam.api_keys (name, prefix, key_hash, role, scopes, expires_at)
  values (p_name, p_prefix, p_key_hash, p_role, v_scopes, p_expires_at)
  on conflict do nothing;
  -- A statement of its own sees the row that a session committed while the one above waited for it.
  select
    k.key_id::text, k.name, k.prefix, k.role, k.scopes, k.created_at, k.expires_at, k.revoked_at, k.last_used_at
  into v_key
  from iam.api_keys as k
  where k.key_hash = p_key_hash
    and k.prefix = p_prefix
    and k.name = p_name
    and k.role = p_role
    and k.scopes = v_scopes
    and k.expires_at is not distinct from p_expires_at
    and k.revoked_at is null;
  if not found then
    raise exception using
      errcode = 'PT409', message = 'there is another key with this prefix or hash', constraint = 'key_exists',
      detail = format('prefix %s', p_prefix), hint = 'make a new secret';
  end if;
  return v_key;
end
$$;

ALTER FUNCTION iam.create_api_key(p_name text, p_prefix text, p_key_hash text, p_role text, p_scopes text[], p_expires_at timestamp with time zone) OWNER TO pylayer_api;

COMMENT ON FUNCTION iam.create_api_key(p_name text, p_prefix text, p_key_hash text, p_role text, p_scopes text[], p_expires_at timestamp with time zone) IS 'Registers an API key by the hash of its secret; safe to repeat. Errors: PT400, PT409 key_exists';

CREATE FUNCTION iam.has_api_keys() RETURNS boolean
    LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select exists (
    select from iam.api_keys as k
    where k.revoked_at is null and (k.expires_at is null or k.expires_at > statement_timestamp())
  )
$$;

ALTER FUNCTION iam.has_api_keys() OWNER TO pylayer_api;

COMMENT ON FUNCTION iam.has_api_keys() IS 'Whether there is an API key that is neither expired nor revoked';

CREATE FUNCTION iam.list_api_keys(p_include_revoked boolean DEFAULT false) RETURNS SETOF iam.api_key_info
    LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select
    k.key_id,
    k.name,
    k.prefix,
    k.role,
    k.scopes,
    k.created_at,
    k.expires_at,
    k.revoked_at,
    k.last_used_at
  from iam.api_keys as k
  where k.revoked_at is null or p_include_revoked
  order by k.created_at, k.key_id
$$;

ALTER FUNCTION iam.list_api_keys(p_include_revoked boolean) OWNER TO pylayer_api;

COMMENT ON FUNCTION iam.list_api_keys(p_include_revoked boolean) IS 'API keys in the order in which they were made, without their hashes';

CREATE FUNCTION iam.revoke_api_key(p_key text) RETURNS iam.api_key_info
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_key iam.api_key_info;
begin
  update iam.api_keys as k set revoked_at = clock_timestamp()
  where (k.key_id = p_key or k.prefix = p_key) and k.revoked_at is null;
  select
    k.key_id::text, k.name, k.prefix, k.role, k.scopes, k.created_at, k.expires_at, k.revoked_at, k.last_used_at
  into v_key
  from iam.api_keys as k
  where k.key_id = p_key or k.prefix = p_key;
  if not found then  -- what was sent may be a secret: no more of it is repeated than a prefix has
    raise exception using
      errcode = 'PT404', message = 'there is no such key', constraint = 'no_key',
      detail = coalesce(left(p_key, 12), 'null'),
      hint = 'iam.list_api_keys shows ids and prefixes';
  end if;
  return v_key;
end
$$;

ALTER FUNCTION iam.revoke_api_key(p_key text) OWNER TO pylayer_api;

COMMENT ON FUNCTION iam.revoke_api_key(p_key text) IS 'Revokes an API key, by id or prefix, for good. Errors: PT404 no_key';

CREATE FUNCTION iam.role_scopes(p_role text) RETURNS text[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select case
    when p_role in ('pylayer_agent', 'pylayer_admin')
      then array['artifacts:read', 'artifacts:write', 'events:read', 'events:write', 'models:read']
    when p_role = 'pylayer_analyst' then array['artifacts:read', 'events:read', 'models:read']
    when p_role = 'pylayer_auditor' then array['artifacts:read', 'models:read']
  end
$$;

ALTER FUNCTION iam.role_scopes(p_role text) OWNER TO pylayer_api;

COMMENT ON FUNCTION iam.role_scopes(p_role text) IS 'The scopes that a key of a role may have; null for a role that keys cannot act as';

CREATE FUNCTION telemetry.archive_key(p_month timestamp with time zone) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select format('archives/workflow_events/month=%s/part-0.parquet', to_char(p_month at time zone 'UTC', 'YYYY-MM'))
$$;

ALTER FUNCTION telemetry.archive_key(p_month timestamp with time zone) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.archive_key(p_month timestamp with time zone) IS 'Key of a month''s archive: archives/workflow_events/month=YYYY-MM/part-0.parquet';

CREATE FUNCTION telemetry.attach_month(p_month timestamp with time zone) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET lock_timeout TO '2s'
    AS $$
declare
  v_month timestamptz := date_trunc('month', p_month, 'UTC');
  v_table regclass;
begin
  perform from telemetry.retired_months as r where r.month = v_month for update;
  select t.partition into v_table
  from telemetry.month_tables() as t
  inner join telemetry.retired_months as r on r.month = t.month
  where t.month = v_month and t.state = 'detached' and r.sealed_at is not null;
  if v_table is null then
    raise exception using
      errcode = 'PT409', message = 'there is no such month beside the table of events', constraint = 'not_detached',
      detail = coalesce(p_month::text, 'null'), hint = 'telemetry.retention_steps() says what comes next';
  end if;
  execute format(
    'alter table telemetry.workflow_events attach partition %s for values from (%L) to (%L)',
    v_table, core.ulid_floor(v_month), core.ulid_floor(v_month + interval '1 month')
  );
end
$$;

ALTER FUNCTION telemetry.attach_month(p_month timestamp with time zone) OWNER TO pylayer_owner;

COMMENT ON FUNCTION telemetry.attach_month(p_month timestamp with time zone) IS 'Puts a sealed month that stands beside the table of events back into it. Errors: PT409 not_detached, 55P03';

CREATE FUNCTION telemetry.begin_restore(p_month timestamp with time zone) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET lock_timeout TO '2s'
    AS $$
declare
  v_month timestamptz := date_trunc('month', p_month, 'UTC');
  v_name text := telemetry.partition_name(v_month);
begin
  perform from telemetry.retired_months as r where r.month = v_month for update;
  if not exists (select from telemetry.archives as a where a.month = v_month) then
    raise exception using
      errcode = 'PT404', message = 'there is no archive of this month', constraint = 'no_archive',
      detail = coalesce(p_month::text, 'null'), hint = 'telemetry.list_archives() lists them';
  elsif exists (select from telemetry.month_tables() as t where t.month = v_month and t.state <> 'restoring') then
    raise exception using
      errcode = 'PT409', message = 'the month is in the database', constraint = 'month_present',
      detail = p_month::text, hint = 'only a dropped month can be restored';
  end if;
  update telemetry.retired_months as r set restoring_since = now() where r.month = v_month;
  execute format('drop table if exists %s', v_name);
  execute format('create table %s (like telemetry.workflow_events including all)', v_name);
  execute format(
    'alter table %s add constraint event_id_of_month check (event_id >= %L and event_id < %L)',
    v_name, core.ulid_floor(v_month), core.ulid_floor(v_month + interval '1 month')
  );
end
$$;

ALTER FUNCTION telemetry.begin_restore(p_month timestamp with time zone) OWNER TO pylayer_owner;

COMMENT ON FUNCTION telemetry.begin_restore(p_month timestamp with time zone) IS 'Begins the restore of a dropped month from its archive. Errors: PT404 no_archive, PT409 month_present, 55P03';

CREATE FUNCTION telemetry.check_events(p_events jsonb, p_floor text, p_ceiling timestamp with time zone, p_max_skew interval, p_max_bytes integer) RETURNS SETOF telemetry.checked_event
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
  select
    v.position::integer, v.event_id, v.type_version, v.event_name, v.ts,
    v.doc ->> 'run_id', v.doc ->> 'item_id', v.doc ->> 'workflow_name', v.doc ->> 'agent_role', v.doc -> 'payload',
    v.doc ->> 'project_id', nullif(v.doc -> 'metadata', 'null'),
    case when not v.is_storable then coalesce(
      (telemetry.refusal_reason(v.doc, p_floor, p_ceiling, p_max_skew, p_max_bytes)).reason, 'contract'
    ) end,
    case when not v.is_storable
      then (telemetry.refusal_reason(v.doc, p_floor, p_ceiling, p_max_skew, p_max_bytes)).detail end,
    v.id_ts
  from (
    select
      e.*,
      t.event_version as type_version,
      telemetry.is_storable(
        p_doc => e.doc, p_event_id => e.event_id, p_id_ts => e.id_ts, p_ts => e.ts, p_validator => t.validator,
        p_long_contract => case when t.has_max_length then t.contract end,
        p_floor => p_floor, p_ceiling => p_ceiling, p_max_skew => p_max_skew, p_max_bytes => p_max_bytes
      ) is true as is_storable
    from (
      select d.*, case when d.given_ts is null then d.id_ts else telemetry.given_ts(d.given_ts) end as ts
      from (
        select
          i.*,
          case when octet_length(i.event_id) = 26
            then to_timestamp(telemetry.id_octets_ms(i.id_octets) / 1000.0::float8) end as id_ts
        from (
          select
            j.doc,
            j.position,
            j.doc ->> 'event_id' as event_id,
            convert_to(j.doc ->> 'event_id', 'UTF8') as id_octets,
            coalesce(j.doc ->> 'event_version', '1') as event_version,
            j.doc ->> 'event_name' as event_name,
            j.doc ->> 'ts' as given_ts
          from jsonb_array_elements(p_events) with ordinality as j (doc, position)
          offset 0
        ) as i
        offset 0
      ) as d
      offset 0
    ) as e
    left join telemetry.event_types as t
      on t.event_name = e.event_name and t.event_version::text = e.event_version
    offset 0
  ) as v
$$;

ALTER FUNCTION telemetry.check_events(p_events jsonb, p_floor text, p_ceiling timestamp with time zone, p_max_skew interval, p_max_bytes integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.check_events(p_events jsonb, p_floor text, p_ceiling timestamp with time zone, p_max_skew interval, p_max_bytes integer) IS 'Checks a batch of events without storing it: one row an element with its columns or the reason why it is refused';

CREATE FUNCTION telemetry.check_retention_step(p_month timestamp with time zone, p_step text) RETURNS regclass
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_found record;
begin
  perform from telemetry.retired_months as r where r.month = date_trunc('month', p_month, 'UTC') for update;
  select s.partition, s.step, s.reason into v_found
  from telemetry.retention_steps() as s where s.month = date_trunc('month', p_month, 'UTC');
  if v_found.step is null then
    raise exception using
      errcode = 'PT404', message = 'there is no such month below the retention floor', constraint = 'no_retired_month',
      detail = coalesce(p_month::text, 'null'), hint = 'telemetry.retention_steps() lists them';
  elsif v_found.step <> p_step then
    raise exception using
      errcode = 'PT409', message = 'another step of retention comes first', constraint = 'not_due',
      detail = concat_ws(' ', p_month, p_step, 'asked for, next is', v_found.step, v_found.reason),
      hint = 'telemetry.retention_steps() says what comes next';
  end if;
  return to_regclass(v_found.partition);
end
$$;

ALTER FUNCTION telemetry.check_retention_step(p_month timestamp with time zone, p_step text) OWNER TO pylayer_owner;

COMMENT ON FUNCTION telemetry.check_retention_step(p_month timestamp with time zone, p_step text) IS 'Refuses a step of retention that is not the next one of its month. Errors: PT404 no_retired_month, PT409 not_due';

CREATE FUNCTION telemetry.confirm_archive(p_month timestamp with time zone, p_rows bigint, p_content_hash text, p_min_event_id text, p_max_event_id text) RETURNS timestamp with time zone
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_known telemetry.archives;
begin
  select a.* into v_known from telemetry.archives as a where a.month = date_trunc('month', p_month, 'UTC') for update;
  if v_known.month is null then
    raise exception using
      errcode = 'PT404', message = 'there is no archive of this month', constraint = 'no_archive',
      detail = coalesce(p_month::text, 'null'), hint = 'telemetry.list_archives() lists them';
  elsif (p_rows, p_content_hash, p_min_event_id, p_max_event_id) is distinct from
    (v_known.rows, v_known.content_hash, v_known.min_event_id::text, v_known.max_event_id::text) then
    raise exception using
      errcode = 'PT409', message = 'the archive is not what was recorded', constraint = 'archive_differs',
      detail = format(
        '%s rows of %s, sha256 %s of %s', p_rows, v_known.rows, p_content_hash, v_known.content_hash
      ),
      hint = 'put the file back from a copy of the bucket';
  end if;
  update telemetry.archives as a set verified_at = clock_timestamp() where a.month = v_known.month;
  return (select a.verified_at from telemetry.archives as a where a.month = v_known.month);
end
$$;

ALTER FUNCTION telemetry.confirm_archive(p_month timestamp with time zone, p_rows bigint, p_content_hash text, p_min_event_id text, p_max_event_id text) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.confirm_archive(p_month timestamp with time zone, p_rows bigint, p_content_hash text, p_min_event_id text, p_max_event_id text) IS 'Records that an archive was read back and found right. Errors: PT404 no_archive, PT409 archive_differs';

CREATE FUNCTION telemetry.contract_problem(p_contract jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
  select case
    when jsonb_typeof(p_contract) is distinct from 'object' then 'contract is not an object'
    when p_contract - array['type', 'required', 'properties', 'description'] <> '{}'
      or p_contract ->> 'type' <> 'object' then 'only required and properties of an object are supported'
    when p_contract ? 'required' and not p_contract @@ '$.required.type() == "array"' then 'required is not an array'
    when p_contract @? '$.required[*] ? (@.type() != "string")' then 'required names a key that is not a string'
    when p_contract ? 'properties' and jsonb_typeof(p_contract -> 'properties') <> 'object'
      then 'properties is not an object'
    else (
      select format('%s: %s', p.key, x.problem)
      from jsonb_each(coalesce(p_contract -> 'properties', '{}')) as p
      cross join lateral (
        select case
          when p.key !~ '^[A-Za-z_][A-Za-z0-9_.-]{0,99}$' then 'is not a usable name of a key'
          when jsonb_typeof(p.value) <> 'object' then 'is not an object'
          when p.value - array['type', 'enum', 'minimum', 'maximum', 'maxLength', 'description'] <> '{}'
            then 'has a keyword that is not supported'
          when p.value ? 'type'
            and not p.value -> 'type' <@ '["string", "integer", "number", "boolean", "object", "array", "null"]'
            then 'type is not known'
          when p.value -> 'type' = '[]' then 'type is empty'
          when p.value ? 'enum' and (jsonb_typeof(p.value -> 'enum') <> 'array' or p.value -> 'enum' = '[]')
            then 'enum is not an array of values'
          when p.value @? 'strict $.enum[*] ? (@.type() == "object" || @.type() == "array")'
            then 'enum holds more than plain values'
          when (p.value ? 'minimum' and jsonb_typeof(p.value -> 'minimum') <> 'number')
            or (p.value ? 'maximum' and jsonb_typeof(p.value -> 'maximum') <> 'number')
            then 'minimum and maximum are numbers'
          when p.value ? 'maxLength' and (p.value @@ '$.maxLength.type() == "number" && $.maxLength.floor() == $.maxLength
            && $.maxLength >= 0 && $.maxLength <= 2147483647') is not true then 'maxLength is not a length'
        end as problem
      ) as x
      where x.problem is not null
      order by p.key
      limit 1
    )
  end
$_$;

ALTER FUNCTION telemetry.contract_problem(p_contract jsonb) OWNER TO pylayer_owner;

COMMENT ON FUNCTION telemetry.contract_problem(p_contract jsonb) IS 'What is wrong with a payload contract, in words, or null';

CREATE FUNCTION telemetry.contract_validator(p_contract jsonb) RETURNS jsonpath
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
  select (
    'strict ' || coalesce(
      string_agg(
        case when k.required then coalesce(k.holds, format('exists(%s)', k.path))
          else format('((exists(%s)) is unknown || %s)', k.path, k.holds) end,
        ' && ' order by k.required desc, k.name
      ) filter (where k.required or k.holds is not null),
      '1 == 1'
    )
  )::jsonpath
  from (
    select
      p.key as name,
      v.path,
      (p_contract -> 'required') ? p.key is true as required,
      (
        select '(' || string_agg(h.part, ' && ') || ')'
        from (
          values
          (case when not v.are_numbers or b.test is null then (
            select format('(%s)', string_agg(format('%s.type() == "%s"', v.path, t.name), ' || '))
            from (select distinct case n when 'integer' then 'number' else n end from unnest(v.types) as n) as t (name)
            having count(*) > 0
          ) end),
          ((
            select format('exists(%s ? (%s))', v.path, string_agg(format('@ == %s', e.value), ' || '))
            from jsonb_array_elements(p.value -> 'enum') as e (value)
            having count(*) > 0
          )),
          (case when v.are_numbers then 'exists(' || v.path || ' ? (' || b.test || '))'
            else '(' || v.path || '.type() != "number" || exists(' || v.path || ' ? (' || b.test || ')))' end)
        ) as h (part)
      ) as holds
    from (
      select r.key, coalesce(p_contract -> 'properties' -> r.key, '{}') as value
      from (
        select jsonb_object_keys(coalesce(p_contract -> 'properties', '{}'))
        union
        select jsonb_array_elements_text(coalesce(p_contract -> 'required', '[]'))
      ) as r (key)
    ) as p
    cross join lateral (
      select
        '$.' || to_json(p.key) as path,
        a.types,
        a.types <> '{}' and a.types <@ array['number', 'integer'] as are_numbers
      from (
        select array(
          select jsonb_array_elements_text(
            case when jsonb_typeof(p.value -> 'type') = 'array' then p.value -> 'type'
              else jsonb_build_array(p.value -> 'type') end
          )
          where p.value ? 'type'
        ) as types
      ) as a
    ) as v
    cross join lateral (
      select string_agg(l.test, ' && ') as test
      from (
        values
        ('@ >= ' || (p.value ->> 'minimum')),
        ('@ <= ' || (p.value ->> 'maximum')),
        (case when 'integer' = any (v.types) and 'number' <> all (v.types) then '@.floor() == @' end)
      ) as l (test)
    ) as b
  ) as k
$_$;

ALTER FUNCTION telemetry.contract_validator(p_contract jsonb) OWNER TO pylayer_owner;

COMMENT ON FUNCTION telemetry.contract_validator(p_contract jsonb) IS 'Compiles a payload contract to a jsonpath predicate (all but maxLength)';

CREATE FUNCTION telemetry.contract_violation(p_contract jsonb, p_payload jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select v.violation
  from (
    select r.key as name, format('%s is missing', r.key) as violation
    from jsonb_array_elements_text(coalesce(p_contract -> 'required', '[]')) as r (key)
    where not p_payload ? r.key
    union all
    select p.key, case
      when p.value ? 'type' and not exists (
        select
        from jsonb_array_elements_text(
          case when jsonb_typeof(p.value -> 'type') = 'array' then p.value -> 'type'
            else jsonb_build_array(p.value -> 'type') end
        ) as t (name)
        where case
          when t.name = 'integer' then
            jsonb_typeof(d.value) = 'number' and (d.value)::numeric % 1 = 0
          else jsonb_typeof(d.value) = t.name
        end
      ) then format('%s must be %s, not %s', p.key, p.value ->> 'type', jsonb_typeof(d.value))
      when p.value ? 'enum' and not (p.value -> 'enum') @> jsonb_build_array(d.value)
        then format('%s must be one of %s', p.key, p.value ->> 'enum')
      when jsonb_typeof(d.value) = 'number' and (d.value)::numeric < (p.value -> 'minimum')::numeric
        then format('%s must be at least %s', p.key, p.value ->> 'minimum')
      when jsonb_typeof(d.value) = 'number' and (d.value)::numeric > (p.value -> 'maximum')::numeric
        then format('%s must be at most %s', p.key, p.value ->> 'maximum')
      when jsonb_typeof(d.value) = 'string' and length(d.value #>> '{}') > (p.value -> 'maxLength')::integer
        then format('%s must be at most %s characters long', p.key, p.value ->> 'maxLength')
    end
    from jsonb_each(coalesce(p_contract -> 'properties', '{}')) as p
    inner join jsonb_each(p_payload) as d on d.key = p.key
  ) as v
  where v.violation is not null
  order by v.name
  limit 1
$$;

ALTER FUNCTION telemetry.contract_violation(p_contract jsonb, p_payload jsonb) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.contract_violation(p_contract jsonb, p_payload jsonb) IS 'The first rule of a contract that a payload breaks, in words, or null';

CREATE FUNCTION telemetry.count_cycles(p_item_types text[], p_seconds numeric[]) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  with cycles as (
    select
      c.item_type, c.seconds,
      (select count(*) + 1 from unnest(telemetry.cycle_bounds_seconds()) as b (bound) where b.bound < c.seconds) as nth
    from unnest(p_item_types, p_seconds) as c (item_type, seconds)
  ),
  bucketed as (
    select t.item_type, n.nth, sum(c.seconds) as seconds, count(c.nth) as items
    from (select distinct c.item_type from cycles as c) as t
    cross join generate_series(1, cardinality(telemetry.cycle_bounds_seconds()) + 1) as n (nth)
    left join cycles as c on c.item_type = t.item_type and c.nth = n.nth
    group by t.item_type, n.nth
  )
  insert into telemetry.cycle_rollups as r (item_type, seconds_sum, seconds_histogram)
  select b.item_type, sum(b.seconds), array_agg(b.items order by b.nth)
  from bucketed as b
  group by b.item_type
  on conflict (item_type) do update set
    seconds_sum = r.seconds_sum + excluded.seconds_sum,
    seconds_histogram = array(
      select u.before + u.more from unnest(r.seconds_histogram, excluded.seconds_histogram) as u (before, more)
    )
$$;

ALTER FUNCTION telemetry.count_cycles(p_item_types text[], p_seconds numeric[]) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.count_cycles(p_item_types text[], p_seconds numeric[]) IS 'Adds the cycle times of items that succeeded to the running totals';

CREATE FUNCTION telemetry.count_events(p_batch telemetry.counted_event[]) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET work_mem TO '64MB'
    SET enable_sort TO 'off'
    SET jit TO 'off'
    AS $$
  with hourly as materialized (
    select
      date_trunc('hour', b.ts) as hour, b.event_name, b.workflow_name, b.agent_role, b.label_1, b.label_2, b.label_3,
      b.label_4, telemetry.duration_bucket(b.duration_ms) as bucket_nr,
      count(*)::integer as events,
      sum(b.input_tokens) as input_tokens,
      sum(b.cached_input_tokens) as cached_input_tokens,
      sum(b.output_tokens) as output_tokens,
      sum(b.cost_usd) as cost_usd,
      sum(b.duration_ms) as duration_ms
    from unnest(p_batch) as b
    group by 1, 2, 3, 4, 5, 6, 7, 8, 9
  ),
  summed as (
    select
      case grouping(h.hour, date_trunc('day', h.hour)) when 1 then 'hour' when 2 then 'day' else 'all' end as grain,
      coalesce(h.hour, date_trunc('day', h.hour), '-infinity') as bucket,
      h.event_name, h.workflow_name, h.agent_role,
      h.label_1, h.label_2, h.label_3, h.label_4,
      sum(h.events) as events,
      coalesce(sum(h.input_tokens), 0) as input_tokens,
      coalesce(sum(h.cached_input_tokens), 0) as cached_input_tokens,
      coalesce(sum(h.output_tokens), 0) as output_tokens,
      coalesce(sum(h.cost_usd), 0) as cost_usd,
      coalesce(sum(h.duration_ms), 0) as duration_ms_sum,
      case when count(h.bucket_nr) > 0 then array[
        coalesce(sum(h.events) filter (where h.bucket_nr = 1), 0),
        coalesce(sum(h.events) filter (where h.bucket_nr = 2), 0),
        coalesce(sum(h.events) filter (where h.bucket_nr = 3), 0),
        coalesce(sum(h.events) filter (where h.bucket_nr = 4), 0),
        coalesce(sum(h.events) filter (where h.bucket_nr = 5), 0),
        coalesce(sum(h.events) filter (where h.bucket_nr = 6), 0),
        coalesce(sum(h.events) filter (where h.bucket_nr = 7), 0),
        coalesce(sum(h.events) filter (where h.bucket_nr = 8), 0),
        coalesce(sum(h.events) filter (where h.bucket_nr = 9), 0),
        coalesce(sum(h.events) filter (where h.bucket_nr = 10), 0),
        coalesce(sum(h.events) filter (where h.bucket_nr = 11), 0),
        coalesce(sum(h.events) filter (where h.bucket_nr = 12), 0),
        coalesce(sum(h.events) filter (where h.bucket_nr = 13), 0),
        coalesce(sum(h.events) filter (where h.bucket_nr = 14), 0),
        coalesce(sum(h.events) filter (where h.bucket_nr = 15), 0),
        coalesce(sum(h.events) filter (where h.bucket_nr = 16), 0),
        coalesce(sum(h.events) filter (where h.bucket_nr = 17), 0)
      ] end as duration_histogram
    from hourly as h
    group by h.event_name, h.workflow_name, h.agent_role, h.label_1, h.label_2, h.label_3, h.label_4,
      grouping sets ((h.hour), (date_trunc('day', h.hour)), ())
  ),
  counted as (
    insert into telemetry.event_rollups as r (
      grain, bucket, series_id, event_name, workflow_name, agent_role, labels, events, input_tokens, cached_input_tokens,
      output_tokens, cost_usd, duration_ms_sum, duration_histogram
    )
    select
      s.grain, s.bucket,
      encode(substr(sha256(convert_to(
        jsonb_build_array(s.event_name, s.workflow_name, s.agent_role, l.labels)::text, 'UTF8'
      )), 1, 16), 'hex')::uuid,
      s.event_name, s.workflow_name, s.agent_role, l.labels, s.events, s.input_tokens, s.cached_input_tokens,
      s.output_tokens, s.cost_usd, s.duration_ms_sum, s.duration_histogram
    from summed as s
    cross join lateral (select telemetry.label_keys(s.event_name) as keys) as k
    cross join lateral (
      select jsonb_strip_nulls(jsonb_object(
        k.keys, (array[s.label_1, s.label_2, s.label_3, s.label_4])[:cardinality(k.keys)]
      )) as labels
    ) as l
    on conflict (grain, bucket, series_id) do update set
      events = r.events + excluded.events,
      input_tokens = r.input_tokens + excluded.input_tokens,
      cached_input_tokens = r.cached_input_tokens + excluded.cached_input_tokens,
      output_tokens = r.output_tokens + excluded.output_tokens,
      cost_usd = r.cost_usd + excluded.cost_usd,
      duration_ms_sum = r.duration_ms_sum + excluded.duration_ms_sum,
      duration_histogram = case
        when r.duration_histogram is null then excluded.duration_histogram
        when excluded.duration_histogram is null then r.duration_histogram
        else array(
          select u.before + u.more from unnest(r.duration_histogram, excluded.duration_histogram) as u (before, more)
        )
      end
  )
  insert into telemetry.month_rollups as m (month, events)
  select date_trunc('month', core.ulid_time(min(b.event_id))), count(*)
  from unnest(p_batch) as b
  group by b.partition
  on conflict (month) do update set events = m.events + excluded.events
$$;

ALTER FUNCTION telemetry.count_events(p_batch telemetry.counted_event[]) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.count_events(p_batch telemetry.counted_event[]) IS 'Adds a batch of events to the rollups by hour, day and over all time, and to those by month';

CREATE FUNCTION telemetry.count_items(p_batch telemetry.counted_event[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET work_mem TO '64MB'
    SET jit TO 'off'
    AS $$
declare
  v_item_ids text[];
  v_item_types text[];
begin
  with noted as (
    insert into telemetry.state_changes (item_id, item_type, ts, event_id, run_id, from_state, to_state)
    select coalesce(c.own_run_id, c.item_id), c.label_1, c.ts, c.event_id, c.run_id, c.label_2, c.label_3
    from (
      -- a run is told apart by its run_id, whatever item it works on
      select b.*, case when b.label_1 = 'workflow_run' then b.run_id end as own_run_id
      from unnest(p_batch) as b
      where b.event_name = 'workflow.item_state_changed' and b.label_1 <> '' and b.label_3 is not null
    ) as c
    where coalesce(c.own_run_id, c.item_id) is not null
    returning item_id, item_type
  )
  select array_agg(k.item_id), array_agg(k.item_type) into v_item_ids, v_item_types
  from (select distinct n.item_id, n.item_type from noted as n) as k;

  if v_item_ids is not null then
    perform telemetry.settle_items(v_item_ids, v_item_types);
  end if;

  insert into telemetry.item_rollups as r (
    item_id, item_type, project_id, events, steps, failed_steps, input_tokens, cached_input_tokens, output_tokens, cost_usd
  )
  select
    u.item_id,
    coalesce(
      (
        select i.item_type from telemetry.item_rollups as i where i.item_id = u.item_id
        order by i.item_type = '', i.started_at, i.item_type limit 1
      ),
      ''
    ),
    u.project_id, u.events, u.steps, u.failed_steps, u.input_tokens, u.cached_input_tokens, u.output_tokens, u.cost_usd
  from (
    select
      b.item_id,
      min(b.project_id) as project_id,
      count(*) as events,
      count(*) filter (where b.event_name = 'workflow.step_completed') as steps,
      count(*) filter (where b.event_name = 'workflow.step_completed' and b.label_2 = 'failed') as failed_steps,
      coalesce(sum(b.input_tokens), 0) as input_tokens,
      coalesce(sum(b.cached_input_tokens), 0) as cached_input_tokens,
      coalesce(sum(b.output_tokens), 0) as output_tokens,
      coalesce(sum(b.cost_usd), 0) as cost_usd
    from unnest(p_batch) as b
    where b.item_id is not null
    group by b.item_id
  ) as u
  on conflict (item_id, item_type) do update set
    project_id = least(r.project_id, excluded.project_id),
    events = r.events + excluded.events,
    steps = r.steps + excluded.steps,
    failed_steps = r.failed_steps + excluded.failed_steps,
    input_tokens = r.input_tokens + excluded.input_tokens,
    cached_input_tokens = r.cached_input_tokens + excluded.cached_input_tokens,
    output_tokens = r.output_tokens + excluded.output_tokens,
    cost_usd = r.cost_usd + excluded.cost_usd;
end
$$;

ALTER FUNCTION telemetry.count_items(p_batch telemetry.counted_event[]) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.count_items(p_batch telemetry.counted_event[]) IS 'Adds a batch of events to the changes of state and to the rollups by item';

CREATE FUNCTION telemetry.count_runs(p_batch telemetry.counted_event[]) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET work_mem TO '64MB'
    SET jit TO 'off'
    AS $$
  insert into telemetry.run_rollups as r (
    run_id, workflow_name, project_id, state, outcome, started_at, ended_at, last_event_at, events, steps, failed_steps,
    input_tokens, cached_input_tokens, output_tokens, cost_usd, duration_ms_sum
  )
  select
    u.run_id, u.workflow_name, u.project_id, i.state, i.outcome, u.started_at, i.ended_at, u.last_event_at, u.events,
    u.steps, u.failed_steps, u.input_tokens, u.cached_input_tokens, u.output_tokens, u.cost_usd, u.duration_ms_sum
  from (
    select
      k.run_id,
      min(b.workflow_name) as workflow_name,
      min(b.project_id) as project_id,
      min(b.ts) as started_at,
      max(b.ts) as last_event_at,
      count(*) as events,
      count(*) filter (where b.event_name = 'workflow.step_completed') as steps,
      count(*) filter (where b.event_name = 'workflow.step_completed' and b.label_2 = 'failed') as failed_steps,
      coalesce(sum(b.input_tokens), 0) as input_tokens,
      coalesce(sum(b.cached_input_tokens), 0) as cached_input_tokens,
      coalesce(sum(b.output_tokens), 0) as output_tokens,
      coalesce(sum(b.cost_usd), 0) as cost_usd,
      coalesce(sum(b.duration_ms), 0) as duration_ms_sum
    from unnest(p_batch) as b
    cross join lateral (
      -- what changes the state of a run may tell it as its item only
      select coalesce(
        b.run_id,
        case when b.event_name = 'workflow.item_state_changed' and b.label_1 = 'workflow_run' then b.item_id end
      ) as run_id
    ) as k
    where k.run_id is not null
    group by k.run_id
  ) as u
  left join telemetry.item_rollups as i on i.item_id = u.run_id and i.item_type = 'workflow_run'
  on conflict (run_id) do update set
    workflow_name = least(r.workflow_name, excluded.workflow_name),
    project_id = least(r.project_id, excluded.project_id),
    state = excluded.state,
    outcome = excluded.outcome,
    started_at = least(r.started_at, excluded.started_at),
    ended_at = excluded.ended_at,
    last_event_at = greatest(r.last_event_at, excluded.last_event_at),
    events = r.events + excluded.events,
    steps = r.steps + excluded.steps,
    failed_steps = r.failed_steps + excluded.failed_steps,
    input_tokens = r.input_tokens + excluded.input_tokens,
    cached_input_tokens = r.cached_input_tokens + excluded.cached_input_tokens,
    output_tokens = r.output_tokens + excluded.output_tokens,
    cost_usd = r.cost_usd + excluded.cost_usd,
    duration_ms_sum = r.duration_ms_sum + excluded.duration_ms_sum
$$;

ALTER FUNCTION telemetry.count_runs(p_batch telemetry.counted_event[]) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.count_runs(p_batch telemetry.counted_event[]) IS 'Adds a batch of events to the rollups by run';

CREATE FUNCTION telemetry.cycle_bounds_seconds() RETURNS numeric[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select array[
    60, 300, 900, 3600, 14400, 28800, 86400, 172800, 259200, 604800, 1209600, 2592000, 7776000
  ]::numeric[]
$$;

ALTER FUNCTION telemetry.cycle_bounds_seconds() OWNER TO pylayer_owner;

COMMENT ON FUNCTION telemetry.cycle_bounds_seconds() IS 'Upper bounds of the histograms of cycle times, seconds, each inclusive; the last bucket, above them all, has none';

CREATE FUNCTION telemetry.drop_month(p_month timestamp with time zone) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET lock_timeout TO '2s'
    AS $$
declare
  v_month timestamptz := date_trunc('month', p_month, 'UTC');
  v_table regclass := telemetry.check_retention_step(p_month => p_month, p_step => 'drop');
  v_known record;
  v_events bigint;
begin
  execute format('lock table %s in access exclusive mode', v_table);
  execute format('select count(*) from %s', v_table) into v_events;
  select
    r.events, coalesce(m.events, 0) as counted, coalesce(a.rows, r.events) as archived,
    r.restoring_since is not null as is_leftover
  into v_known
  from telemetry.retired_months as r
  left join telemetry.month_rollups as m on m.month = r.month
  left join telemetry.archives as a on a.month = r.month
  where r.month = v_month;
  if not v_known.is_leftover
    and (v_events, v_events, v_events) is distinct from (v_known.events, v_known.counted, v_known.archived) then
    raise exception using
      errcode = 'PT409', message = 'the month is not what was sealed, counted and archived', constraint = 'rows_differ',
      detail = format(
        '%s events, %s sealed, %s counted, %s archived', v_events, v_known.events, v_known.counted, v_known.archived
      ),
      hint = 'nothing is dropped; compare the table with telemetry.month_rollups and telemetry.archives';
  end if;
  execute format('drop table %s', v_table);
  update telemetry.retired_months as r
  set dropped_at = coalesce(r.dropped_at, now()), restoring_since = null, kept_until = null
  where r.month = v_month;
  return v_events;
end
$$;

ALTER FUNCTION telemetry.drop_month(p_month timestamp with time zone) OWNER TO pylayer_owner;

COMMENT ON FUNCTION telemetry.drop_month(p_month timestamp with time zone) IS 'Drops a detached month after a last count of it. Errors: PT404 no_retired_month, PT409 not_due, rows_differ, 55P03';

CREATE FUNCTION telemetry.duration_bounds_ms() RETURNS numeric[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select array[
    5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10000, 30000, 60000, 300000, 900000, 3600000
  ]::numeric[]
$$;

ALTER FUNCTION telemetry.duration_bounds_ms() OWNER TO pylayer_owner;

COMMENT ON FUNCTION telemetry.duration_bounds_ms() IS 'Upper bounds of the duration histograms, milliseconds, each inclusive; the last bucket, above them all, has none';

CREATE FUNCTION telemetry.duration_bucket(p_ms numeric) RETURNS integer
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
  select 17 - width_bucket(
    -p_ms,
    '{-3600000,-900000,-300000,-60000,-30000,-10000,-5000,-2500,-1000,-500,-250,-100,-50,-25,-10,-5}'::numeric[]
  )
$$;

ALTER FUNCTION telemetry.duration_bucket(p_ms numeric) OWNER TO pylayer_owner;

COMMENT ON FUNCTION telemetry.duration_bucket(p_ms numeric) IS 'Number of the histogram bucket of a duration in milliseconds: 1 to 16 by telemetry.duration_bounds_ms, 17 above';

CREATE FUNCTION telemetry.events_between(p_from timestamp with time zone, p_to timestamp with time zone, p_event_name text DEFAULT NULL::text, p_run_id text DEFAULT NULL::text, p_item_id text DEFAULT NULL::text, p_workflow_name text DEFAULT NULL::text, p_agent_role text DEFAULT NULL::text, p_project_id text DEFAULT NULL::text, p_limit integer DEFAULT 1000, p_after text DEFAULT NULL::text) RETURNS TABLE(event_id text, event_version integer, event_name text, ts timestamp with time zone, run_id text, item_id text, workflow_name text, agent_role text, payload jsonb, project_id text, metadata jsonb, recorded_at timestamp with time zone)
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
#variable_conflict use_column
declare
  -- in seconds: a month would be longer or shorter than the 30 days that it counts when an event is checked
  v_skew interval := (select make_interval(secs => extract(epoch from s.max_ts_skew)) from core.settings as s);
  v_first text;
  v_end text;
begin
  if p_from is null or p_to is null or p_from > p_to then
    raise exception using
      errcode = 'PT400', message = 'range is not a range', constraint = 'invalid_range',
      detail = format('%s to %s', p_from, p_to), hint = 'p_from lies before p_to';
  elsif coalesce(p_limit, 0) not between 1 and 10000 then
    raise exception using
      errcode = 'PT400', message = 'limit is out of range', constraint = 'invalid_limit',
      detail = coalesce(p_limit::text, 'null'), hint = '1 to 10000';
  elsif p_after is not null then
    perform core.ulid_time(p_after);
  end if;
  v_first := core.ulid_floor(least(greatest(p_from, '1970-01-01'::timestamptz + v_skew) - v_skew, '9999-01-01'));
  v_end := core.ulid_floor(greatest(least(p_to, '9999-01-01') + v_skew + interval '1 millisecond', '1970-01-01'));
  return query
  select
    w.event_id, w.event_version, w.event_name, w.ts, w.run_id, w.item_id, w.workflow_name, w.agent_role, w.payload,
    w.project_id, w.metadata, w.recorded_at
  from telemetry.workflow_events as w
  where w.event_id >= v_first
    and w.event_id < v_end
    and w.ts >= p_from
    and w.ts < p_to
    and (p_after is null or w.event_id > p_after)
    and (p_event_name is null or w.event_name = p_event_name)
    and (p_run_id is null or w.run_id = p_run_id)
    and (p_item_id is null or w.item_id = p_item_id)
    and (p_workflow_name is null or w.workflow_name = p_workflow_name)
    and (p_agent_role is null or w.agent_role = p_agent_role)
    and (p_project_id is null or w.project_id = p_project_id)
  order by w.event_id
  limit p_limit;
end
$$;

ALTER FUNCTION telemetry.events_between(p_from timestamp with time zone, p_to timestamp with time zone, p_event_name text, p_run_id text, p_item_id text, p_workflow_name text, p_agent_role text, p_project_id text, p_limit integer, p_after text) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.events_between(p_from timestamp with time zone, p_to timestamp with time zone, p_event_name text, p_run_id text, p_item_id text, p_workflow_name text, p_agent_role text, p_project_id text, p_limit integer, p_after text) IS 'Events of a time range with filters, in id order, by keyset pages. Errors: PT400';

CREATE FUNCTION telemetry.finish_restore(p_month timestamp with time zone, p_days integer DEFAULT 30) RETURNS timestamp with time zone
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET lock_timeout TO '2s'
    AS $$
declare
  v_month timestamptz := date_trunc('month', p_month, 'UTC');
  v_table regclass := telemetry.restoring_table(p_month => p_month);
  v_rows bigint;
  v_first text;
  v_last text;
  v_known telemetry.archives;
begin
  if coalesce(p_days, 0) not between 1 and 3650 then
    raise exception using
      errcode = 'PT400', message = 'number of days is out of range', constraint = 'invalid_days',
      detail = coalesce(p_days::text, 'null'), hint = '1 to 3650';
  end if;
  execute format('select count(*), min(event_id), max(event_id) from %s', v_table) into v_rows, v_first, v_last;
  select a.* into v_known from telemetry.archives as a where a.month = v_month;
  if (v_rows, v_first, v_last) is distinct from
    (v_known.rows, v_known.min_event_id::text, v_known.max_event_id::text) then
    raise exception using
      errcode = 'PT409', message = 'the archive is not what was recorded', constraint = 'archive_differs',
      detail = format('%s rows of %s', v_rows, v_known.rows), hint = 'restore it again';
  end if;
  perform telemetry.guard_month(p_table => v_table);
  update telemetry.retired_months as r
  set dropped_at = null, restoring_since = null, kept_until = now() + make_interval(days => p_days)
  where r.month = v_month;
  perform telemetry.attach_month(p_month => v_month);
  return now() + make_interval(days => p_days);
end
$$;

ALTER FUNCTION telemetry.finish_restore(p_month timestamp with time zone, p_days integer) OWNER TO pylayer_owner;

COMMENT ON FUNCTION telemetry.finish_restore(p_month timestamp with time zone, p_days integer) IS 'Checks a restored month, seals and attaches it. Errors: PT400 invalid_days, PT409 not_restoring, archive_differs, 55P03';

CREATE FUNCTION telemetry.fold_ingest_counts(OUT duplicates bigint, OUT conflicts bigint) RETURNS record
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  with folded as (
    delete from telemetry.ingest_counts as c returning c.duplicates, c.conflicts
  )
  insert into telemetry.ingest_counts (duplicates, conflicts)
  select coalesce(sum(f.duplicates), 0), coalesce(sum(f.conflicts), 0) from folded as f
  returning duplicates, conflicts
$$;

ALTER FUNCTION telemetry.fold_ingest_counts(OUT duplicates bigint, OUT conflicts bigint) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.fold_ingest_counts(OUT duplicates bigint, OUT conflicts bigint) IS 'Folds the counts of repeated events into one row and returns the totals';

CREATE FUNCTION telemetry.forbid_late_insert() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  raise exception using
    errcode = 'PT410', message = 'event id is below the retention floor', constraint = 'below_retention_floor',
    detail = format('INSERT on %I.%I', tg_table_schema, tg_table_name),
    hint = 'events of that time have been dropped; see telemetry.retention_floor()';
end
$$;

ALTER FUNCTION telemetry.forbid_late_insert() OWNER TO pylayer_owner;

COMMENT ON FUNCTION telemetry.forbid_late_insert() IS 'Trigger function of sealed months: refuses INSERT for every role. Errors: PT410 below_retention_floor';

CREATE FUNCTION telemetry.given_ts(p_ts text) RETURNS timestamp with time zone
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
  select case
    when p_ts like '____-__-__%' and p_ts collate "C" between '0' and ':' and pg_input_is_valid(p_ts, 'timestamptz')
      then p_ts::timestamptz
  end
$$;

ALTER FUNCTION telemetry.given_ts(p_ts text) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.given_ts(p_ts text) IS 'The timestamp in a text as a sender wrote it, or null';

CREATE FUNCTION telemetry.guard_month(p_table regclass) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  execute format(
    'create or replace trigger workflow_events_sealed before insert on %s '
    'for each row execute function telemetry.forbid_late_insert()', p_table
  );
  execute format(
    'create or replace trigger workflow_events_keep before update or delete on %s '
    'for each row execute function core.forbid_mutation()', p_table
  );
  execute format(
    'create or replace trigger workflow_events_keep_all before truncate on %s '
    'for each statement execute function core.forbid_mutation()', p_table
  );
  execute format(
    'alter table %s enable always trigger workflow_events_sealed, enable always trigger workflow_events_keep, '
    'enable always trigger workflow_events_keep_all', p_table
  );
end
$$;

ALTER FUNCTION telemetry.guard_month(p_table regclass) OWNER TO pylayer_owner;

COMMENT ON FUNCTION telemetry.guard_month(p_table regclass) IS 'Guards a month against INSERT, UPDATE, DELETE and TRUNCATE by triggers that stay when it is detached';

CREATE FUNCTION telemetry.guard_new_partitions() RETURNS event_trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  -- By the catalog alone: to_regclass would refuse whoever makes a table elsewhere without a right on this schema.
  if exists (
    select
    from pg_class as p
    inner join pg_namespace as n on n.oid = p.relnamespace
    inner join pg_event_trigger_ddl_commands() as c
      on c.classid = 'pg_class'::regclass
      and (c.objid = p.oid or c.objid in (select i.inhrelid from pg_inherits as i where i.inhparent = p.oid))
    where n.nspname = 'telemetry' and p.relname = 'workflow_events'
  ) then
    perform telemetry.guard_partitions();
  end if;
end
$$;

ALTER FUNCTION telemetry.guard_new_partitions() OWNER TO pylayer_owner;

COMMENT ON FUNCTION telemetry.guard_new_partitions() IS 'Event trigger function: guards a partition against TRUNCATE as soon as it is made or attached, by whatever path';

CREATE FUNCTION telemetry.guard_partitions() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_partition regclass;
begin
  for v_partition in
    select i.inhrelid::regclass
    from pg_inherits as i
    where i.inhparent = to_regclass('telemetry.workflow_events')
      and not exists (
        select from pg_trigger as t
        where t.tgrelid = i.inhrelid and t.tgname = 'workflow_events_keep_all' and t.tgenabled = 'A'
      )
  loop
    execute format(
      'create or replace trigger workflow_events_keep_all before truncate on %s '
      'for each statement execute function core.forbid_mutation()', v_partition
    );
    execute format('alter table %s enable always trigger workflow_events_keep_all', v_partition);
  end loop;
end
$$;

ALTER FUNCTION telemetry.guard_partitions() OWNER TO pylayer_owner;

COMMENT ON FUNCTION telemetry.guard_partitions() IS 'Guards every partition of the events against TRUNCATE; safe to repeat. Runs as its caller, who must own the partition';

CREATE FUNCTION telemetry.has_month(p_id_ts timestamp with time zone) RETURNS boolean
    LANGUAGE sql
    AS $$
  select pg_relation_size(to_regclass(telemetry.partition_name(p_id_ts))) is not null
    -- a table that only has the name, such as a detached month, is none
    and pg_partition_root(to_regclass(telemetry.partition_name(p_id_ts)))
    is not distinct from 'telemetry.workflow_events'::regclass
$$;

ALTER FUNCTION telemetry.has_month(p_id_ts timestamp with time zone) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.has_month(p_id_ts timestamp with time zone) IS 'True when the monthly partition of the time in an event id can be inserted into; waits for a session that is making it';

CREATE FUNCTION telemetry.id_octets_ms(p_octets bytea, p_digits bytea DEFAULT decode(((((((((((((repeat('00'::text, 48) || '00010203040506070809'::text) || repeat('00'::text, 7)) || '0a0b0c0d0e0f1011'::text) || '00'::text) || '1213'::text) || '00'::text) || '1415'::text) || '00'::text) || '161718191a'::text) || '00'::text) || '1b1c1d1e1f'::text) || repeat('00'::text, 165)), 'hex'::text)) RETURNS bigint
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
  select
    ((((get_byte(p_digits, get_byte(p_octets, 0)) * 32 + get_byte(p_digits, get_byte(p_octets, 1))) * 32
      + get_byte(p_digits, get_byte(p_octets, 2))) * 32 + get_byte(p_digits, get_byte(p_octets, 3))) * 32
      + get_byte(p_digits, get_byte(p_octets, 4))) * 33554432::bigint
    + ((((get_byte(p_digits, get_byte(p_octets, 5)) * 32 + get_byte(p_digits, get_byte(p_octets, 6))) * 32
      + get_byte(p_digits, get_byte(p_octets, 7))) * 32 + get_byte(p_digits, get_byte(p_octets, 8))) * 32
      + get_byte(p_digits, get_byte(p_octets, 9)))
$$;

ALTER FUNCTION telemetry.id_octets_ms(p_octets bytea, p_digits bytea) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.id_octets_ms(p_octets bytea, p_digits bytea) IS 'Milliseconds since 1970 in the octets of a ULID; unchecked, for the ingest path';

CREATE FUNCTION telemetry.ingest_event(p_event jsonb, OUT event_id text, OUT status text) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
#variable_conflict use_column
declare
  v_id text := p_event ->> 'event_id';
  v_octets bytea := convert_to(v_id, 'UTF8');
  v_id_ts timestamptz;
  v_ts timestamptz;
  v_rules record;
begin
  if octet_length(v_id) = 26 then
    v_id_ts := to_timestamp(telemetry.id_octets_ms(v_octets) / 1000.0::float8);
    v_ts := case when p_event ->> 'ts' is null then v_id_ts else telemetry.given_ts(p_event ->> 'ts') end;
    select
      s.epoch, s.retention_floor, s.max_ts_skew, s.max_event_bytes, statement_timestamp() + s.max_clock_ahead as ceiling,
      t.event_name, t.event_version, t.validator, case when t.has_max_length then t.contract end as long_contract
    into v_rules
    from core.settings as s
    inner join telemetry.event_types as t
      on t.event_name = p_event ->> 'event_name'
      and t.event_version::text = coalesce(p_event ->> 'event_version', '1')
    where s.open_since = pg_postmaster_start_time() and s.open_month @> v_id_ts;
    if telemetry.is_storable(
      p_doc => p_event, p_event_id => v_id, p_id_ts => v_id_ts, p_ts => v_ts, p_validator => v_rules.validator,
      p_long_contract => v_rules.long_contract, p_floor => v_rules.retention_floor, p_ceiling => v_rules.ceiling,
      p_max_skew => v_rules.max_ts_skew, p_max_bytes => v_rules.max_event_bytes
    ) then
      insert into telemetry.workflow_events as w (
        event_id, event_version, event_name, ts, run_id, item_id, workflow_name, agent_role, payload, project_id,
        metadata, recorded_epoch, recorded_xid
      )
      values (
        v_id, v_rules.event_version, v_rules.event_name, v_ts,
        p_event ->> 'run_id', p_event ->> 'item_id', p_event ->> 'workflow_name', p_event ->> 'agent_role',
        p_event -> 'payload', p_event ->> 'project_id', nullif(p_event -> 'metadata', 'null'),
        v_rules.epoch, pg_current_xact_id()::text::bigint
      )
      on conflict (event_id) do nothing
      returning w.event_id, 'created' into event_id, status;
    end if;
  end if;
  if event_id is null then
    select i.event_id, i.status into event_id, status
    from telemetry.ingest_events(p_events => jsonb_build_array(p_event), p_on_error => 'raise') as i;
  end if;
end
$$;

ALTER FUNCTION telemetry.ingest_event(p_event jsonb, OUT event_id text, OUT status text) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.ingest_event(p_event jsonb, OUT event_id text, OUT status text) IS 'Stores one event once: status created, duplicate or conflict. Errors: PT400, PT410, PT413, PT422, 55P03, 40001, 40P01';

CREATE FUNCTION telemetry.ingest_events(p_events jsonb, p_on_error text DEFAULT 'raise'::text) RETURNS TABLE("position" integer, event_id text, status text, code text, reason text, detail text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
#variable_conflict use_column
declare
  v_limits record;
  v_batch telemetry.checked_event[];
  v_refused integer;
  v_first timestamptz;
  v_last timestamptz;
  v_epoch integer;
  v_xid bigint;
  v_created text[];
begin
  select
    s.max_batch_events, s.max_event_bytes, s.max_ts_skew, s.retention_floor, s.epoch, s.open_month,
    (s.open_since = pg_postmaster_start_time()) is true as is_noted,
    statement_timestamp() + s.max_clock_ahead as ceiling
  into v_limits
  from core.settings as s;
  if jsonb_typeof(p_events) is distinct from 'array' then
    raise exception using
      errcode = 'PT400', message = 'events are not a JSON array', constraint = 'not_an_array',
      detail = coalesce(jsonb_typeof(p_events), 'null'), hint = 'send one event with telemetry.ingest_event';
  elsif coalesce(p_on_error, '') not in ('raise', 'report') then
    raise exception using
      errcode = 'PT400', message = 'p_on_error is not known', constraint = 'invalid_on_error',
      detail = coalesce(left(p_on_error, 64), 'null'), hint = 'raise or report';
  elsif jsonb_array_length(p_events) > v_limits.max_batch_events then
    raise exception using
      errcode = 'PT413', message = 'batch is over max_batch_events', constraint = 'too_many_events',
      detail = format('%s events, limit %s', jsonb_array_length(p_events), v_limits.max_batch_events),
      hint = 'send several batches';
  end if;

  v_batch := array(
    select c
    from telemetry.check_events(
      p_events => p_events, p_floor => v_limits.retention_floor, p_ceiling => v_limits.ceiling,
      p_max_skew => v_limits.max_ts_skew, p_max_bytes => v_limits.max_event_bytes
    ) as c
  );

  select
    min(b.position) filter (where b.reason is not null),
    min(b.id_ts) filter (where b.reason is null),
    max(b.id_ts) filter (where b.reason is null)
  into v_refused, v_first, v_last
  from unnest(v_batch) as b;
  if v_refused is not null and p_on_error = 'raise' then
    perform telemetry.raise_refusal(b.position, b.event_id, b.reason, b.detail)
    from unnest(v_batch) as b where b.position = v_refused;
  end if;
  if (v_limits.is_noted and v_limits.open_month @> tstzrange(v_first, v_last, '[]')) is not true then
    if telemetry.partition_name(v_first) <> telemetry.partition_name(v_last)
      or not telemetry.has_month(v_first) then
      perform telemetry.make_months(array(
        select distinct date_trunc('month', b.id_ts, 'UTC')
        from unnest(v_batch) as b where b.reason is null
      ));
    else
      perform telemetry.note_open_month(v_first);
    end if;
  end if;

  v_epoch := case when v_limits.is_noted then v_limits.epoch else core.current_epoch() end;
  v_xid := pg_current_xact_id()::text::bigint;
  with stored as (
    insert into telemetry.workflow_events (
      event_id, event_version, event_name, ts, run_id, item_id, workflow_name, agent_role, payload, project_id,
      metadata, recorded_epoch, recorded_xid
    )
    select
      b.event_id, b.event_version, b.event_name, b.ts, b.run_id, b.item_id, b.workflow_name, b.agent_role, b.payload,
      b.project_id, b.metadata, v_epoch, v_xid
    from unnest(v_batch) as b
    where b.reason is null
    order by b.event_id collate "C", b.position
    on conflict (event_id) do nothing
    returning event_id
  )
  select coalesce(array_agg(s.event_id), '{}') into v_created from stored as s;

  if cardinality(v_created) = cardinality(v_batch) then
    return query
    select b.position, b.event_id, 'created', null::text, null::text, null::text
    from unnest(v_batch) as b order by b.position;
  else
    return query
    select s.position, s.event_id, s.status, s.code, s.reason, s.detail
    from telemetry.settle_batch(v_batch, v_created) as s;
  end if;
end
$$;

ALTER FUNCTION telemetry.ingest_events(p_events jsonb, p_on_error text) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.ingest_events(p_events jsonb, p_on_error text) IS 'Stores a batch of events, each id once; one row an event in input order: created, duplicate, conflict or refused. Errors: PT400, PT410, PT413, PT422 (with raise), 55P03, 40001, 40P01';

CREATE FUNCTION telemetry.is_storable(p_doc jsonb, p_event_id text, p_id_ts timestamp with time zone, p_ts timestamp with time zone, p_validator jsonpath, p_long_contract jsonb, p_floor text, p_ceiling timestamp with time zone, p_max_skew interval, p_max_bytes integer) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $_$
  select
    jsonb_typeof(p_doc) = 'object'
    and p_event_id !~ '[^0-9A-HJKMNP-TV-Z]'
    and p_event_id collate "C" >= p_floor
    and p_id_ts <= p_ceiling  -- so that the id begins with 0 to 7
    and p_ts between p_id_ts - p_max_skew and p_id_ts + p_max_skew
    and p_doc - array[
      'event_id', 'event_version', 'event_name', 'ts', 'run_id', 'item_id', 'workflow_name', 'agent_role', 'payload',
      'project_id', 'metadata'
    ] = '{}'
    -- strict: a key that is left out makes its part unknown, a key of the wrong kind makes the whole false
    and (p_doc @@ 'strict $.event_id.type() == "string" && $.payload.type() == "object"
      && $.event_version.type() == "number"
      && ($.ts.type() == "string" || $.ts == null)
      && ($.run_id.type() == "string" || $.run_id == null)
      && ($.item_id.type() == "string" || $.item_id == null)
      && ($.workflow_name.type() == "string" || $.workflow_name == null)
      && ($.agent_role.type() == "string" || $.agent_role == null)
      && ($.project_id.type() == "string" || $.project_id == null)
      && ($.metadata.type() == "object" || $.metadata == null)') is not false
    and p_doc -> 'payload' @@ p_validator
    and pg_column_size(p_doc) <= p_max_bytes
    and (
      pg_column_size(p_doc) <= 500  -- then no field of it is longer
      or coalesce(greatest(
        length(p_doc ->> 'run_id'), length(p_doc ->> 'item_id'), length(p_doc ->> 'workflow_name'),
        length(p_doc ->> 'agent_role'), length(p_doc ->> 'project_id')
      ) <= 500, true)
    )
    and (p_long_contract is null or telemetry.contract_violation(p_long_contract, p_doc -> 'payload') is null)
$_$;

ALTER FUNCTION telemetry.is_storable(p_doc jsonb, p_event_id text, p_id_ts timestamp with time zone, p_ts timestamp with time zone, p_validator jsonpath, p_long_contract jsonb, p_floor text, p_ceiling timestamp with time zone, p_max_skew interval, p_max_bytes integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.is_storable(p_doc jsonb, p_event_id text, p_id_ts timestamp with time zone, p_ts timestamp with time zone, p_validator jsonpath, p_long_contract jsonb, p_floor text, p_ceiling timestamp with time zone, p_max_skew interval, p_max_bytes integer) IS 'True when an event fulfils every rule of the envelope, the window and its contract';

CREATE FUNCTION telemetry.label_keys(p_event_name text) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case p_event_name
    when 'workflow.step_completed' then '{step_name,status,model}'::text[]
    when 'workflow.item_state_changed' then '{item_type,from_state,to_state}'::text[]
    when 'workflow.story_changed' then '{change_type,cause_stage,post_ready}'::text[]
    when 'workflow.gap_found' then '{gap_type,severity,stage_found,stage_introduced}'::text[]
    when 'workflow.flow_issue' then '{issue_type,impact}'::text[]
    else '{}'::text[]
  end
$$;

ALTER FUNCTION telemetry.label_keys(p_event_name text) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.label_keys(p_event_name text) IS 'Keys of the payload by which events of a type are counted apart in telemetry.event_rollups';

CREATE FUNCTION telemetry.list_archives(p_month timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS TABLE(month timestamp with time zone, storage_key text, rows bigint, size_bytes bigint, content_hash text, min_event_id text, max_event_id text, archived_at timestamp with time zone, verified_at timestamp with time zone, dropped_at timestamp with time zone, kept_until timestamp with time zone)
    LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select
    a.month, a.storage_key, a.rows, a.size_bytes, a.content_hash, a.min_event_id, a.max_event_id, a.archived_at,
    a.verified_at, r.dropped_at, r.kept_until
  from telemetry.archives as a
  inner join telemetry.retired_months as r on r.month = a.month
  where p_month is null or a.month = date_trunc('month', p_month, 'UTC')
  order by a.month
$$;

ALTER FUNCTION telemetry.list_archives(p_month timestamp with time zone) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.list_archives(p_month timestamp with time zone) IS 'Archives of months, oldest first';

CREATE FUNCTION telemetry.make_months(p_months timestamp with time zone[]) RETURNS TABLE(month timestamp with time zone, partition text, created boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET lock_timeout TO '5s'
    AS $$
#variable_conflict use_column
declare
  v_missing timestamptz[];
  v_floor core.ulid;
begin
  v_missing := array(
    select distinct date_trunc('month', m.ts, 'UTC') from unnest(p_months) as m (ts)
    where telemetry.month_partition(m.ts) is null order by 1
  );
  if cardinality(v_missing) > 0 then
    perform pg_advisory_xact_lock('telemetry.workflow_events'::regclass::oid::bigint);
    lock table telemetry.workflow_events in share update exclusive mode;
    v_missing := array(select m.ts from unnest(v_missing) as m (ts) where telemetry.month_partition(m.ts) is null);
    select s.retention_floor into v_floor from core.settings as s for share;
    if core.ulid_time(v_floor) > any (v_missing) then
      raise exception using
        errcode = 'PT410', message = 'a month lies below the retention floor', constraint = 'below_retention_floor',
        detail = format('%s, floor %s', v_missing[1], core.ulid_time(v_floor)),
        hint = 'the floor only grows: restore an archive instead';
    end if;
    perform partman.create_partition_time('telemetry.workflow_events', v_missing);
    perform telemetry.guard_partitions();
    if exists (select from unnest(v_missing) as m (ts) where telemetry.month_partition(m.ts) is null) then
      raise exception using
        errcode = 'PT409', message = 'pg_partman did not make a month', constraint = 'partition_missing',
        detail = v_missing::text, hint = 'run pylayer doctor; a table of that name may be in the way';
    end if;
  end if;
  return query
  select n.ts, telemetry.month_partition(n.ts)::text, n.ts = any (v_missing)
  from (select distinct date_trunc('month', m.ts, 'UTC') as ts from unnest(p_months) as m (ts)) as n
  order by n.ts;
end
$$;

ALTER FUNCTION telemetry.make_months(p_months timestamp with time zone[]) OWNER TO pylayer_owner;

COMMENT ON FUNCTION telemetry.make_months(p_months timestamp with time zone[]) IS 'Makes missing monthly partitions of the events through pg_partman. Errors: PT410 below_retention_floor, 55P03, 40001, PT409 partition_missing';

CREATE FUNCTION telemetry.make_months_ahead(p_months integer DEFAULT NULL::integer) RETURNS TABLE(month timestamp with time zone, partition text, created boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
#variable_conflict use_column
declare
  v_months integer := coalesce(p_months, (select s.months_ahead from core.settings as s));
begin
  if v_months not between 0 and 24 then
    raise exception using
      errcode = 'PT400', message = 'number of months is out of range', constraint = 'invalid_months',
      detail = v_months::text, hint = '0 to 24';
  end if;
  return query
  select m.month, m.partition, m.created
  from telemetry.make_months(array(
    select now() + make_interval(months => n) from generate_series(0, v_months) as n
  )) as m;
end
$$;

ALTER FUNCTION telemetry.make_months_ahead(p_months integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.make_months_ahead(p_months integer) IS 'Makes the partitions of this month and of those ahead. Errors: PT400 invalid_months, 55P03, PT409 partition_missing';

CREATE FUNCTION telemetry.metric_totals() RETURNS TABLE(metric text, labels jsonb, value numeric, bounds numeric[], buckets bigint[])
    LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
  with totals as materialized (
    select
      r.event_name,
      coalesce(r.workflow_name, '') as workflow_name,
      coalesce(r.agent_role, '') as agent_role,
      r.labels,
      coalesce(r.labels ->> 'step_name', '') as step_name,
      coalesce(r.labels ->> 'model', '') as model,
      r.events, r.input_tokens + r.output_tokens as tokens, r.cost_usd, r.duration_ms_sum, r.duration_histogram
    from telemetry.event_rollups as r
    where r.grain = 'all' and r.bucket = '-infinity'
  ),
  durations as (
    select
      t.workflow_name, t.step_name, t.agent_role, coalesce(t.labels ->> 'status', '') as status,
      sum(t.duration_ms_sum) / 1000 as seconds,
      array[
        sum(t.duration_histogram[1]), sum(t.duration_histogram[2]), sum(t.duration_histogram[3]), sum(t.duration_histogram[4]),
        sum(t.duration_histogram[5]), sum(t.duration_histogram[6]), sum(t.duration_histogram[7]), sum(t.duration_histogram[8]),
        sum(t.duration_histogram[9]), sum(t.duration_histogram[10]), sum(t.duration_histogram[11]), sum(t.duration_histogram[12]),
        sum(t.duration_histogram[13]), sum(t.duration_histogram[14]), sum(t.duration_histogram[15]), sum(t.duration_histogram[16]), sum(t.duration_histogram[17])
      ]::bigint[] as buckets  -- as many as telemetry.duration_bounds_ms has, and one above them
    from totals as t
    where t.event_name = 'workflow.step_completed' and t.duration_histogram is not null
    group by 1, 2, 3, 4
  ),
  used as (
    select
      jsonb_build_object('workflow_name', t.workflow_name, 'step_name', t.step_name, 'model', t.model) as labels,
      sum(t.tokens) as tokens,
      sum(t.cost_usd) as cost_usd
    from totals as t
    where t.event_name = 'workflow.step_completed' and (t.model <> '' or t.tokens > 0 or t.cost_usd > 0)
    group by 1
  ),
  counted as (
    select c.metric, l.labels, sum(t.events) as events
    from (
      values
      ('workflow.item_state_changed', 'workflow_state_transitions_total', '{from_state,to_state}'::text[]),
      ('workflow.story_changed', 'workflow_story_churn_total', '{change_type,cause_stage}'),
      ('workflow.gap_found', 'workflow_gaps_total', '{gap_type,severity,stage_found}'),
      ('workflow.flow_issue', 'workflow_flow_issues_total', '{issue_type,impact}')
    ) as c (event_name, metric, keys)
    inner join totals as t on t.event_name = c.event_name
    cross join lateral (
      select jsonb_object_agg(k.key, coalesce(t.labels ->> k.key, '')) as labels from unnest(c.keys) as k (key)
    ) as l
    group by c.metric, l.labels
  ),
  endings as (
    select telemetry.state_outcome(t.labels ->> 'to_state') as outcome, t.events
    from totals as t
    where t.event_name = 'workflow.item_state_changed' and t.labels ->> 'item_type' = 'workflow_run'
      -- an ending that is told again is not another one
      and telemetry.state_outcome(t.labels ->> 'from_state')
        is distinct from telemetry.state_outcome(t.labels ->> 'to_state')
  ),
  single as (
    select s.metric, s.value
    from
      (select p.events, extract(epoch from p.refreshed_at) as refreshed_at from telemetry.rollup_progress as p) as p,
      (select sum(c.duplicates) as duplicates, sum(c.conflicts) as conflicts from telemetry.ingest_counts as c) as c,
      (
        select
          sum(e.events) filter (where e.outcome = 'succeeded') as succeeded,
          sum(e.events) filter (where e.outcome = 'failed') as failed
        from endings as e
      ) as e,
      telemetry.retention_status() as r,
      lateral (
        values
        ('workflow_run_success_total', coalesce(e.succeeded, 0)),
        ('workflow_run_failure_total', coalesce(e.failed, 0)),
        ('telemetry_events_inserted_total', p.events),
        ('telemetry_events_deduplicated_total', coalesce(c.duplicates, 0)),
        ('telemetry_events_conflicts_total', coalesce(c.conflicts, 0)),
        ('telemetry_rollups_refreshed_timestamp_seconds', p.refreshed_at),
        ('telemetry_partitions_months_ahead', r.months_ahead),
        ('telemetry_partitions_overdue', r.overdue_months),
        ('telemetry_oldest_partition_timestamp_seconds', extract(epoch from r.oldest_month))
      ) as s (metric, value)
    where s.value is not null
  )
  select
    'workflow_step_duration_seconds',
    jsonb_build_object(
      'workflow_name', d.workflow_name, 'step_name', d.step_name, 'agent_role', d.agent_role, 'status', d.status
    ),
    d.seconds,
    (select array_agg(b.ms / 1000 order by b.ms) from unnest(telemetry.duration_bounds_ms()) as b (ms)),
    d.buckets
  from durations as d
  union all
  select
    'workflow_cycle_time_seconds', jsonb_build_object('item_type', c.item_type), c.seconds_sum,
    telemetry.cycle_bounds_seconds(), c.seconds_histogram
  from telemetry.cycle_rollups as c
  union all
  select 'workflow_step_tokens_total', u.labels, u.tokens, null, null from used as u
  union all
  select 'workflow_step_cost_usd_total', u.labels, u.cost_usd, null, null from used as u
  union all
  select c.metric, c.labels, c.events, null, null from counted as c
  union all
  select s.metric, '{}', s.value, null, null from single as s
$$;

ALTER FUNCTION telemetry.metric_totals() OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.metric_totals() IS 'What /metrics shows of the database: one row a series, of running totals; its cost does not grow with history';

SET default_tablespace = '';

CREATE TABLE telemetry.workflow_events (
    event_id text NOT NULL COLLATE pg_catalog."C",
    event_version integer NOT NULL,
    event_name text NOT NULL,
    ts timestamp with time zone NOT NULL,
    run_id text,
    item_id text,
    workflow_name text,
    agent_role text,
    payload jsonb NOT NULL,
    project_id text,
    metadata jsonb,
    recorded_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    recorded_epoch integer NOT NULL,
    recorded_xid bigint NOT NULL,
    CONSTRAINT event_id_is_ulid CHECK (((octet_length(event_id) = 26) AND (event_id < '8'::text) AND (event_id !~ '[^0-9A-HJKMNP-TV-Z]'::text)))
)
PARTITION BY RANGE (event_id);

ALTER TABLE telemetry.workflow_events OWNER TO pylayer_owner;

COMMENT ON TABLE telemetry.workflow_events IS 'Workflow events as they were reported. Append-only; monthly partitions by the time in event_id; never read past the horizon by recorded order';

COMMENT ON COLUMN telemetry.workflow_events.event_id IS 'ULID of the event: identity, partition key and dedupe key';

COMMENT ON COLUMN telemetry.workflow_events.event_version IS 'Version of the payload contract';

COMMENT ON COLUMN telemetry.workflow_events.event_name IS 'Name of the event type';

COMMENT ON COLUMN telemetry.workflow_events.ts IS 'When it happened, by the sender; near the time in event_id';

COMMENT ON COLUMN telemetry.workflow_events.run_id IS 'Workflow run, free text';

COMMENT ON COLUMN telemetry.workflow_events.item_id IS 'Work item, free text such as INFR-001';

COMMENT ON COLUMN telemetry.workflow_events.workflow_name IS 'Workflow, free text';

COMMENT ON COLUMN telemetry.workflow_events.agent_role IS 'Role of the agent that reported it, free text';

COMMENT ON COLUMN telemetry.workflow_events.payload IS 'Facts of the event, checked against its contract';

COMMENT ON COLUMN telemetry.workflow_events.project_id IS 'Project it belongs to, free text';

COMMENT ON COLUMN telemetry.workflow_events.metadata IS 'Source ids and trace context; no rule reads it';

COMMENT ON COLUMN telemetry.workflow_events.recorded_at IS 'When the database stored it';

COMMENT ON COLUMN telemetry.workflow_events.recorded_epoch IS 'Epoch of the cluster that stored it';

COMMENT ON COLUMN telemetry.workflow_events.recorded_xid IS 'Transaction that stored it; with the epoch and the id, a gap-free reading order';

CREATE FUNCTION telemetry.month_events(p_month timestamp with time zone) RETURNS SETOF telemetry.workflow_events
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
  select w.*
  from telemetry.workflow_events as w
  where w.event_id >= core.ulid_floor(p_month)
    and w.event_id < core.ulid_floor((p_month at time zone 'UTC' + interval '1 month') at time zone 'UTC')
  order by w.event_id
$$;

ALTER FUNCTION telemetry.month_events(p_month timestamp with time zone) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.month_events(p_month timestamp with time zone) IS 'Events of a month in id order, every column, for its archive';

CREATE FUNCTION telemetry.month_partition(p_ts timestamp with time zone) RETURNS regclass
    LANGUAGE sql STRICT
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
  select to_regclass(telemetry.partition_name(p_ts))
  where telemetry.has_month(p_ts)  -- waits for a session that is making it
$$;

ALTER FUNCTION telemetry.month_partition(p_ts timestamp with time zone) OWNER TO pylayer_owner;

COMMENT ON FUNCTION telemetry.month_partition(p_ts timestamp with time zone) IS 'Partition of the events for the month of a time, or null';

CREATE FUNCTION telemetry.month_tables() RETURNS TABLE(month timestamp with time zone, partition regclass, state text)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
  select
    m.month,
    c.oid::regclass,
    case
      when i.inhdetachpending then 'detaching'
      when i.inhrelid is not null then 'attached'
      when r.dropped_at is null then 'detached'
      else 'restoring'
    end
  from pg_class as c
  cross join lateral (select to_date(right(c.relname, 8), 'YYYYMMDD')::timestamp at time zone 'UTC' as month) as m
  left join pg_inherits as i on i.inhrelid = c.oid and i.inhparent = 'telemetry.workflow_events'::regclass
  left join telemetry.retired_months as r on r.month = m.month
  where c.relnamespace = 'telemetry'::regnamespace
    and c.relkind = 'r'
    and c.relname ~ '^workflow_events_p[0-9]{4}(0[1-9]|1[0-2])01$'
$_$;

ALTER FUNCTION telemetry.month_tables() OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.month_tables() IS 'Tables that hold months of events: attached, detaching, detached or restoring';

CREATE FUNCTION telemetry.next_events(p_epoch integer, p_xid bigint, p_event_id text, p_horizon bigint, p_limit integer) RETURNS telemetry.counted_event[]
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_sort TO 'off'
    SET plan_cache_mode TO 'force_custom_plan'
    SET jit TO 'off'
    AS $$
begin
  return array(
    select
      (
        e.recorded_xid, e.event_id, e.partition, e.event_name, e.ts, e.run_id, e.item_id, e.workflow_name, e.agent_role,
        e.project_id,
        left(e.known ->> k.keys[1], 128), left(e.known ->> k.keys[2], 128), left(e.known ->> k.keys[3], 128),
        left(e.known ->> k.keys[4], 128),
        (m.known -> 'input_tokens')::numeric, (m.known -> 'cached_input_tokens')::numeric,
        (m.known -> 'output_tokens')::numeric, (m.known -> 'cost_usd_est')::numeric, (m.known -> 'duration_ms')::numeric
      )::telemetry.counted_event
    from (
      select
        w.recorded_xid, w.event_id, w.tableoid as partition, w.event_name, w.ts, w.run_id, w.item_id, w.workflow_name,
        w.agent_role, w.project_id,
        case
          when w.event_version = 1 then w.payload
          when w.payload @@ (
            select t.validator from telemetry.event_types as t
            where t.event_name = w.event_name and t.event_version = 1
          ) then w.payload
        end as known
      from telemetry.workflow_events as w
      where w.recorded_epoch = p_epoch
        and (w.recorded_xid, w.event_id) > (p_xid, p_event_id)
        and (p_horizon is null or w.recorded_xid < p_horizon)
      order by w.recorded_xid, w.event_id
      limit p_limit
    ) as e
    cross join lateral (select telemetry.label_keys(e.event_name) as keys offset 0) as k
    cross join lateral (select case when e.event_name = 'workflow.step_completed' then e.known end as known) as m
    order by e.recorded_xid, e.event_id
  );
end
$$;

ALTER FUNCTION telemetry.next_events(p_epoch integer, p_xid bigint, p_event_id text, p_horizon bigint, p_limit integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.next_events(p_epoch integer, p_xid bigint, p_event_id text, p_horizon bigint, p_limit integer) IS 'The next events in recorded order, with what a refresh of the rollups takes of each';

CREATE FUNCTION telemetry.note_open_month(p_id_ts timestamp with time zone) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
  update core.settings as s
  set open_month = n.month, open_since = pg_postmaster_start_time()
  from (
    select
      k.ctid as row_id,
      tstzrange(date_trunc('month', p_id_ts), date_trunc('month', p_id_ts) + interval '1 month') as month
    from core.settings as k
    where k.system_identifier = (pg_control_system()).system_identifier
      and (k.open_since is distinct from pg_postmaster_start_time() or p_id_ts >= upper(k.open_month))
    for update skip locked
  ) as n
  where s.ctid = n.row_id
$$;

ALTER FUNCTION telemetry.note_open_month(p_id_ts timestamp with time zone) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.note_open_month(p_id_ts timestamp with time zone) IS 'Notes that the month of an event can be inserted into; once a month and once a run of the server';

CREATE FUNCTION telemetry.open_backfill(p_from timestamp with time zone, p_to timestamp with time zone) RETURNS TABLE(month timestamp with time zone, partition text, created boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
#variable_conflict use_column
declare
  v_floor timestamptz := core.ulid_time(telemetry.retention_floor());
begin
  if p_from is null or p_to is null or p_from >= p_to then
    raise exception using
      errcode = 'PT400', message = 'range is empty', constraint = 'invalid_range',
      detail = format('%s to %s', p_from, p_to), hint = 'p_from lies before p_to';
  elsif p_from < v_floor then
    raise exception using
      errcode = 'PT410', message = 'range begins below the retention floor', constraint = 'below_retention_floor',
      detail = format('%s, floor %s', p_from, v_floor), hint = 'the floor only grows: restore an archive instead';
  elsif p_to > now() + interval '1 month' then
    raise exception using
      errcode = 'PT422', message = 'range ends in the future', constraint = 'in_the_future',
      detail = p_to::text, hint = 'a backfill is of the past';
  end if;
  return query
  select m.month, m.partition, m.created
  from telemetry.make_months(array(
    select generate_series(date_trunc('month', p_from, 'UTC'), p_to - interval '1 microsecond', interval '1 month')
  )) as m;
end
$$;

ALTER FUNCTION telemetry.open_backfill(p_from timestamp with time zone, p_to timestamp with time zone) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.open_backfill(p_from timestamp with time zone, p_to timestamp with time zone) IS 'Makes the months of a range above the retention floor ahead of a backfill. Errors: PT400, PT410, PT422, 55P03';

CREATE FUNCTION telemetry.partition_name(p_id_ts timestamp with time zone) RETURNS text
    LANGUAGE sql STABLE STRICT PARALLEL SAFE
    AS $$
  select 'telemetry.workflow_events_p' || to_char(p_id_ts, 'YYYYMM01')
$$;

ALTER FUNCTION telemetry.partition_name(p_id_ts timestamp with time zone) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.partition_name(p_id_ts timestamp with time zone) IS 'Qualified name of the monthly partition of the time in an event id; time zone UTC';

CREATE FUNCTION telemetry.payload_number(p_payload jsonb, p_key text) RETURNS numeric
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
  select case when jsonb_typeof(p_payload -> p_key) = 'number' then (p_payload ->> p_key)::numeric end
$$;

ALTER FUNCTION telemetry.payload_number(p_payload jsonb, p_key text) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.payload_number(p_payload jsonb, p_key text) IS 'A number in a payload; null where it is missing or no number';

CREATE FUNCTION telemetry.raise_refusal(p_position integer, p_event_id text, p_reason text, p_detail text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_code text;
  v_message text;
  v_hint text;
begin
  select r.code, r.message, r.hint into v_code, v_message, v_hint from telemetry.refusal(p_reason) as r;
  raise exception using
    errcode = v_code, message = v_message, constraint = p_reason, hint = v_hint,
    detail = concat_ws(': ', format('event %s, id %s', p_position, coalesce(left(p_event_id, 64), 'none')), p_detail);
end
$$;

ALTER FUNCTION telemetry.raise_refusal(p_position integer, p_event_id text, p_reason text, p_detail text) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.raise_refusal(p_position integer, p_event_id text, p_reason text, p_detail text) IS 'Raises the error that a refused event stands for';

CREATE FUNCTION telemetry.raise_retention_floor() RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '5s'
    AS $$
declare
  v_floor text;
begin
  update core.settings as s
  set retention_floor = core.ulid_floor(date_trunc('month', now() - make_interval(days => s.retention_days), 'UTC'))
  where s.retention_floor
    < core.ulid_floor(date_trunc('month', now() - make_interval(days => s.retention_days), 'UTC')) collate "C";
  v_floor := telemetry.retention_floor();
  insert into telemetry.retired_months (month)
  select t.month from telemetry.month_tables() as t where t.month < core.ulid_time(v_floor)
  on conflict (month) do nothing;
  return v_floor;
end
$$;

ALTER FUNCTION telemetry.raise_retention_floor() OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.raise_retention_floor() IS 'Raises the retention floor by core.settings.retention_days and notes the months below it. Errors: 55P03';

CREATE FUNCTION telemetry.record_archive(p_month timestamp with time zone, p_rows bigint, p_size_bytes bigint, p_content_hash text, p_min_event_id text, p_max_event_id text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
declare
  v_events bigint;
begin
  perform telemetry.check_retention_step(p_month => p_month, p_step => 'archive');
  select r.events into v_events from telemetry.retired_months as r where r.month = date_trunc('month', p_month, 'UTC');
  if p_rows is distinct from v_events then
    raise exception using
      errcode = 'PT409', message = 'the month is not what was sealed, counted and archived', constraint = 'rows_differ',
      detail = format('%s events, %s in the file', v_events, p_rows), hint = 'write the archive again';
  end if;
  insert into telemetry.archives as a (month, storage_key, rows, size_bytes, content_hash, min_event_id, max_event_id)
  values (
    date_trunc('month', p_month, 'UTC'), telemetry.archive_key(p_month => p_month), p_rows, p_size_bytes, p_content_hash,
    p_min_event_id, p_max_event_id
  )
  on conflict (month) do update
  set rows = excluded.rows, size_bytes = excluded.size_bytes, content_hash = excluded.content_hash,
    min_event_id = excluded.min_event_id, max_event_id = excluded.max_event_id, archived_at = now();
end
$$;

ALTER FUNCTION telemetry.record_archive(p_month timestamp with time zone, p_rows bigint, p_size_bytes bigint, p_content_hash text, p_min_event_id text, p_max_event_id text) OWNER TO pylayer_owner;

COMMENT ON FUNCTION telemetry.record_archive(p_month timestamp with time zone, p_rows bigint, p_size_bytes bigint, p_content_hash text, p_min_event_id text, p_max_event_id text) IS 'Records the archive of a sealed month, not verified yet. Errors: PT404 no_retired_month, PT409 not_due, rows_differ';

CREATE FUNCTION telemetry.refresh_rollups(p_limit integer DEFAULT 20000, OUT events bigint, OUT behind boolean) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET lock_timeout TO '30s'
    AS $$
#variable_conflict use_column
declare
  v_mark record;
  v_epoch integer;
  v_horizon bigint;
  v_batch telemetry.counted_event[];
  v_last telemetry.counted_event;
  v_count integer;
  v_is_over boolean;
begin
  if coalesce(p_limit, 0) not between 1 and 100000 then
    raise exception using
      errcode = 'PT400', message = 'limit is out of range', constraint = 'invalid_limit',
      detail = coalesce(p_limit::text, 'null'), hint = '1 to 100000';
  end if;
  select p.epoch, p.xid, p.event_id into v_mark from telemetry.rollup_progress as p for update;
  v_epoch := core.current_epoch();
  -- Transactions of an older epoch have all ended: they ran in another cluster.
  v_horizon := case when v_mark.epoch = v_epoch then pg_snapshot_xmin(pg_current_snapshot())::text::bigint end;
  v_batch := telemetry.next_events(
    p_epoch => v_mark.epoch, p_xid => v_mark.xid, p_event_id => v_mark.event_id, p_horizon => v_horizon, p_limit => p_limit
  );
  v_count := cardinality(v_batch);
  if v_count > 0 then
    v_last := v_batch[v_count];
    perform telemetry.count_events(v_batch);
    perform telemetry.count_items(v_batch);
    perform telemetry.count_runs(v_batch);
  end if;
  v_is_over := v_mark.epoch < v_epoch and v_count < p_limit;
  update telemetry.rollup_progress as p
  set
    epoch = p.epoch + v_is_over::integer,
    xid = case when v_is_over then 0 else coalesce(v_last.recorded_xid, p.xid) end,
    event_id = case when v_is_over then '' else coalesce(v_last.event_id, p.event_id) end,
    events = p.events + v_count,
    refreshed_at = clock_timestamp();
  events := v_count::bigint;
  behind := v_count = p_limit or v_is_over;
end
$$;

ALTER FUNCTION telemetry.refresh_rollups(p_limit integer, OUT events bigint, OUT behind boolean) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.refresh_rollups(p_limit integer, OUT events bigint, OUT behind boolean) IS 'Counts the next events into the rollups, each committed event once; call again while behind. Errors: PT400 invalid_limit, 55P03, 40001';

CREATE FUNCTION telemetry.refusal(p_reason text, OUT code text, OUT message text, OUT hint text) RETURNS record
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select r.code, r.message, r.hint
  from (
    values
    ('not_an_object', 'PT400', 'event is not a JSON object', 'send an object with event_id, event_name and payload'),
    ('unknown_key', 'PT400', 'event has a key that is not known', 'put it into payload or metadata'),
    ('missing_event_id', 'PT400', 'event has no event_id', 'make a ULID once for each event and keep it for retries'),
    ('invalid_event_id', 'PT400', 'event_id is not a ULID', '26 characters of upper-case Crockford base32'),
    ('invalid_field', 'PT400', 'a field of the event has a value of the wrong kind',
      'names and ids are strings of at most 500 characters, event_version is a number, metadata an object'),
    ('invalid_ts', 'PT400', 'ts is not a timestamp', 'use ISO 8601 with a zone, such as 2026-01-31T12:00:00Z'),
    ('event_too_large', 'PT413', 'event is over max_event_bytes', 'write large content as an artifact and refer to it'),
    ('unknown_event_type', 'PT422', 'event type is not registered', 'register it with telemetry.register_event_type'),
    ('below_retention_floor', 'PT410', 'event id is below the retention floor',
      'events of that time have been dropped; see telemetry.retention_floor()'),
    ('in_the_future', 'PT422', 'event id lies too far in the future', 'set the clock of the sender'),
    ('ts_skew', 'PT422', 'ts is too far from the time in event_id', 'leave ts out, or make the id from ts'),
    ('invalid_payload', 'PT422', 'payload is not a JSON object', 'send the facts of the event as an object'),
    ('contract', 'PT422', 'payload does not fulfil the contract of its event type',
      'see telemetry.event_types for the contract')
  ) as r (reason, code, message, hint)
  where r.reason = p_reason
$$;

ALTER FUNCTION telemetry.refusal(p_reason text, OUT code text, OUT message text, OUT hint text) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.refusal(p_reason text, OUT code text, OUT message text, OUT hint text) IS 'SQLSTATE, message and hint of a reason for refusing an event';

CREATE FUNCTION telemetry.refusal_reason(p_doc jsonb, p_floor text, p_ceiling timestamp with time zone, p_max_skew interval, p_max_bytes integer, OUT reason text, OUT detail text) RETURNS record
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
  select
    v.reason,
    case v.reason
      when 'contract' then left(telemetry.contract_violation(v.contract, v.payload), 500)
      when 'unknown_event_type' then left(format('%s version %s', v.event_name, v.event_version), 200)
      when 'unknown_key' then left(v.unknown_keys, 200)
      when 'invalid_ts' then left(v.ts, 64)
      when 'ts_skew' then left(v.ts, 64)
      when 'event_too_large' then format('%s bytes, limit %s', pg_column_size(p_doc), p_max_bytes)
    end
  from (
    select
      e.*,
      t.contract,
      case
        when jsonb_typeof(p_doc) <> 'object' then 'not_an_object'
        when e.unknown_keys is not null then 'unknown_key'
        when e.event_id is null then 'missing_event_id'
        when octet_length(e.event_id) <> 26 or e.event_id collate "C" >= '8' or e.event_id ~ '[^0-9A-HJKMNP-TV-Z]'
          then 'invalid_event_id'
        when jsonb_typeof(p_doc -> 'event_id') <> 'string' or jsonb_typeof(p_doc -> 'event_name') is distinct from 'string'
          or jsonb_typeof(p_doc -> 'event_version') <> 'number'
          or jsonb_typeof(p_doc -> 'metadata') not in ('object', 'null')
          or exists (
            select
            from unnest(array['run_id', 'item_id', 'workflow_name', 'agent_role', 'project_id']) as f (name)
            where jsonb_typeof(p_doc -> f.name) not in ('string', 'null') or length(p_doc ->> f.name) > 500
          ) then 'invalid_field'
        when jsonb_typeof(p_doc -> 'ts') <> 'string' and e.ts is not null
          or e.ts is not null and telemetry.given_ts(e.ts) is null then 'invalid_ts'
        when pg_column_size(p_doc) > p_max_bytes then 'event_too_large'
        when t.event_name is null then 'unknown_event_type'
        when e.event_id collate "C" < p_floor then 'below_retention_floor'
        when core.ulid_time(e.event_id) > p_ceiling then 'in_the_future'
        when telemetry.given_ts(e.ts) - core.ulid_time(e.event_id) not between -p_max_skew and p_max_skew then 'ts_skew'
        when jsonb_typeof(e.payload) is distinct from 'object' then 'invalid_payload'
        when telemetry.contract_violation(t.contract, e.payload) is not null then 'contract'
      end as reason
    from (
      select
        p_doc ->> 'event_id' as event_id,
        p_doc ->> 'event_name' as event_name,
        coalesce(p_doc ->> 'event_version', '1') as event_version,
        p_doc ->> 'ts' as ts,
        p_doc -> 'payload' as payload,
        (
          select string_agg(k.key, ', ' order by k.key)
          from jsonb_object_keys(case when jsonb_typeof(p_doc) = 'object' then p_doc else '{}' end) as k (key)
          where k.key <> all (array[
            'event_id', 'event_version', 'event_name', 'ts', 'run_id', 'item_id', 'workflow_name', 'agent_role',
            'payload', 'project_id', 'metadata'
          ])
        ) as unknown_keys
    ) as e
    left join telemetry.event_types as t
      on t.event_name = e.event_name and t.event_version::text = e.event_version
  ) as v
$$;

ALTER FUNCTION telemetry.refusal_reason(p_doc jsonb, p_floor text, p_ceiling timestamp with time zone, p_max_skew interval, p_max_bytes integer, OUT reason text, OUT detail text) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.refusal_reason(p_doc jsonb, p_floor text, p_ceiling timestamp with time zone, p_max_skew interval, p_max_bytes integer, OUT reason text, OUT detail text) IS 'Why an event is refused, with the values behind it; null when it may be stored';

CREATE FUNCTION telemetry.register_event_type(p_event_name text, p_contract jsonb, p_event_version integer DEFAULT 1, p_description text DEFAULT ''::text, OUT event_name text, OUT event_version integer, OUT created boolean) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
#variable_conflict use_column
declare
  v_problem text := telemetry.contract_problem(p_contract);
  v_stored jsonb;
begin
  if v_problem is not null then
    raise exception using
      errcode = 'PT400', message = 'contract is not usable', constraint = 'invalid_contract', detail = v_problem,
      hint = 'required and properties with type, enum, minimum, maximum, maxLength, description';
  elsif coalesce(p_event_name, '') !~ '^[a-z][a-z0-9_]*([.][a-z][a-z0-9_]*)+$' or length(p_event_name) > 100
    or coalesce(p_event_version, 0) < 1 then
    raise exception using
      errcode = 'PT400', message = 'event name or version is malformed', constraint = 'invalid_event_name',
      detail = format('%s version %s', left(p_event_name, 100), p_event_version),
      hint = 'dotted lower-case words such as workflow.step_completed, version from 1';
  end if;
  insert into telemetry.event_types (event_name, event_version, description, contract)
  values (p_event_name, p_event_version, coalesce(p_description, ''), p_contract)
  on conflict (event_name, event_version) do nothing;
  created := found;
  if not created then
    select t.contract into v_stored from telemetry.event_types as t
    where t.event_name = p_event_name and t.event_version = p_event_version;
    if v_stored is distinct from p_contract then
      raise exception using
        errcode = 'PT409', message = 'event type is registered with another contract', constraint = 'contract_exists',
        detail = format('%s version %s', p_event_name, p_event_version), hint = 'register the next version';
    end if;
  end if;
  event_name := p_event_name;
  event_version := p_event_version;
end
$_$;

ALTER FUNCTION telemetry.register_event_type(p_event_name text, p_contract jsonb, p_event_version integer, p_description text, OUT event_name text, OUT event_version integer, OUT created boolean) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.register_event_type(p_event_name text, p_contract jsonb, p_event_version integer, p_description text, OUT event_name text, OUT event_version integer, OUT created boolean) IS 'Registers the payload contract of an event name and version, for ever. Errors: PT400, PT409 contract_exists';

CREATE FUNCTION telemetry.restore_events(p_month timestamp with time zone, p_rows jsonb) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $_$
declare
  v_rows integer;
begin
  execute format(
    $insert$
      insert into %s (
        event_id, event_version, event_name, ts, run_id, item_id, workflow_name, agent_role, payload, project_id,
        metadata, recorded_at, recorded_epoch, recorded_xid
      )
      select
        r.event_id, r.event_version, r.event_name, r.ts, r.run_id, r.item_id, r.workflow_name, r.agent_role,
        r.payload::jsonb, r.project_id, r.metadata::jsonb, r.recorded_at, r.recorded_epoch, r.recorded_xid
      from jsonb_to_recordset($1) as r (
        event_id text, event_version integer, event_name text, ts timestamptz, run_id text, item_id text,
        workflow_name text, agent_role text, payload text, project_id text, metadata text, recorded_at timestamptz,
        recorded_epoch integer, recorded_xid bigint
      )
      on conflict (event_id) do nothing
    $insert$,
    telemetry.restoring_table(p_month => p_month)
  ) using p_rows;
  get diagnostics v_rows = row_count;
  return v_rows;
end
$_$;

ALTER FUNCTION telemetry.restore_events(p_month timestamp with time zone, p_rows jsonb) OWNER TO pylayer_owner;

COMMENT ON FUNCTION telemetry.restore_events(p_month timestamp with time zone, p_rows jsonb) IS 'Puts rows of an archive into the month that is being restored. Errors: PT409 not_restoring';

CREATE FUNCTION telemetry.restoring_table(p_month timestamp with time zone) RETURNS regclass
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_month timestamptz := date_trunc('month', p_month, 'UTC');
  v_table regclass;
begin
  perform from telemetry.retired_months as r where r.month = v_month for update;
  select t.partition into v_table from telemetry.month_tables() as t where t.month = v_month and t.state = 'restoring';
  if v_table is null then
    raise exception using
      errcode = 'PT409', message = 'the month is not being restored', constraint = 'not_restoring',
      detail = coalesce(p_month::text, 'null'), hint = 'telemetry.begin_restore comes first';
  end if;
  return v_table;
end
$$;

ALTER FUNCTION telemetry.restoring_table(p_month timestamp with time zone) OWNER TO pylayer_owner;

COMMENT ON FUNCTION telemetry.restoring_table(p_month timestamp with time zone) IS 'Table of a month that is being restored. Errors: PT409 not_restoring';

CREATE FUNCTION telemetry.retention_floor() RETURNS text
    LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select s.retention_floor from core.settings as s
$$;

ALTER FUNCTION telemetry.retention_floor() OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.retention_floor() IS 'Least event id (ULID) that is accepted; ids below it were dropped by retention. It only grows';

CREATE FUNCTION telemetry.retention_status(OUT months_ahead integer, OUT oldest_month timestamp with time zone, OUT retention_floor timestamp with time zone, OUT waiting_months integer, OUT overdue_months integer) RETURNS record
    LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
  select
    (
      select coalesce(min(n.nth), 25) - 1
      from generate_series(1, 25) as n (nth)
      where not exists (
        select from telemetry.month_tables() as t
        where t.state = 'attached' and t.month = date_trunc('month', now()) + make_interval(months => n.nth)
      )
    ),
    min(t.month) filter (where t.state = 'attached'),
    core.ulid_time(s.retention_floor),
    count(*) filter (where t.month < core.ulid_time(s.retention_floor))::integer,
    count(*) filter (
      where now() > greatest(r.raised_at + s.retention_grace, r.kept_until, r.restoring_since) + interval '2 days'
    )::integer
  from core.settings as s
  left join telemetry.month_tables() as t on true
  left join telemetry.retired_months as r on r.month = t.month
  group by s.retention_floor
$$;

ALTER FUNCTION telemetry.retention_status(OUT months_ahead integer, OUT oldest_month timestamp with time zone, OUT retention_floor timestamp with time zone, OUT waiting_months integer, OUT overdue_months integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.retention_status(OUT months_ahead integer, OUT oldest_month timestamp with time zone, OUT retention_floor timestamp with time zone, OUT waiting_months integer, OUT overdue_months integer) IS 'Months made ahead, the oldest month, the floor, and how many months below it are still there or overdue';

CREATE FUNCTION telemetry.retention_steps() RETURNS TABLE(month timestamp with time zone, partition text, step text, reason text)
    LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select d.month, d.partition::text, coalesce(d.step, 'wait'), case when d.step is null then d.reason end
  from (
    select
      t.month,
      t.partition,
      w.reason,
      case
        when t.state = 'restoring' then case when now() > r.restoring_since + interval '1 day' then 'drop' end
        when w.reason in ('restored', 'grace') then null
        when r.sealed_at is null then 'seal'
        when t.state = 'detaching' then 'finalize'
        when t.state = 'detached' and (not n.is_counted or n.lacks_archive) then 'attach'
        when not n.is_counted then null
        when n.lacks_archive then 'archive'
        when t.state = 'attached' then 'detach'
        else 'drop'
      end as step
    from telemetry.month_tables() as t
    inner join telemetry.retired_months as r on r.month = t.month
    cross join core.settings as s
    left join telemetry.archives as a on a.month = t.month
    left join telemetry.month_rollups as m on m.month = t.month
    cross join lateral (
      select
        coalesce(m.events, 0) = r.events as is_counted,
        s.archive_enabled and a.verified_at is null as lacks_archive
    ) as n
    cross join lateral (
      select case
        when t.state = 'restoring' then 'restoring'
        when now() < r.kept_until then 'restored'
        when now() < r.raised_at + s.retention_grace then 'grace'
        else 'not_counted'
      end as reason
    ) as w
  ) as d
  order by d.month
$$;

ALTER FUNCTION telemetry.retention_steps() OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.retention_steps() IS 'What is to be done next with each month below the retention floor that is still there';

CREATE FUNCTION telemetry.run_timeline(p_run_id text, p_limit integer DEFAULT 1000, p_after_ts timestamp with time zone DEFAULT NULL::timestamp with time zone, p_after_id text DEFAULT NULL::text) RETURNS TABLE(event_id text, event_version integer, event_name text, ts timestamp with time zone, run_id text, item_id text, workflow_name text, agent_role text, payload jsonb, project_id text, metadata jsonb, recorded_at timestamp with time zone)
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
#variable_conflict use_column
declare
  -- in seconds: a month would be longer or shorter than the 30 days that it counts when an event is checked
  v_skew interval := (select make_interval(secs => extract(epoch from s.max_ts_skew)) from core.settings as s);
  v_first text := '';
begin
  if p_run_id is null then
    raise exception using
      errcode = 'PT400', message = 'the run is missing', constraint = 'invalid_run', detail = 'null',
      hint = 'give the run_id of the events';
  elsif coalesce(p_limit, 0) not between 1 and 10000 then
    raise exception using
      errcode = 'PT400', message = 'limit is out of range', constraint = 'invalid_limit',
      detail = coalesce(p_limit::text, 'null'), hint = '1 to 10000';
  elsif num_nulls(p_after_ts, p_after_id) = 1 then
    raise exception using
      errcode = 'PT400', message = 'the cursor is incomplete', constraint = 'invalid_cursor',
      detail = format('ts %s, event_id %s', p_after_ts, left(p_after_id, 26)),
      hint = 'ts and event_id of the event that ended the previous page';
  elsif p_after_id is not null then
    perform core.ulid_time(p_after_id);
    v_first := core.ulid_floor(least(greatest(p_after_ts, '1970-01-01'::timestamptz + v_skew) - v_skew, '9999-01-01'));
  end if;
  return query
  select
    w.event_id, w.event_version, w.event_name, w.ts, w.run_id, w.item_id, w.workflow_name, w.agent_role, w.payload,
    w.project_id, w.metadata, w.recorded_at
  from telemetry.workflow_events as w
  where w.run_id = p_run_id
    and w.event_id >= v_first
    and (p_after_ts is null or (w.ts, w.event_id) > (p_after_ts, p_after_id))
  order by w.ts, w.event_id
  limit p_limit;
end
$$;

ALTER FUNCTION telemetry.run_timeline(p_run_id text, p_limit integer, p_after_ts timestamp with time zone, p_after_id text) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.run_timeline(p_run_id text, p_limit integer, p_after_ts timestamp with time zone, p_after_id text) IS 'Events of a run in the order of ts, then id, by keyset pages. Errors: PT400';

CREATE FUNCTION telemetry.seal_month(p_month timestamp with time zone) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET lock_timeout TO '2s'
    AS $$
declare
  v_table regclass;
  v_events bigint;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception using
      errcode = 'PT400', message = 'isolation level is not usable', constraint = 'invalid_isolation',
      detail = current_setting('transaction_isolation'), hint = 'the count must see what was committed before the lock: read committed';
  end if;
  v_table := telemetry.check_retention_step(p_month => p_month, p_step => 'seal');
  perform telemetry.guard_month(p_table => v_table);
  execute format('select count(*) from %s', v_table) into v_events;
  update telemetry.retired_months as r
  set sealed_at = clock_timestamp(), events = v_events
  where r.month = date_trunc('month', p_month, 'UTC');
  return v_events;
end
$$;

ALTER FUNCTION telemetry.seal_month(p_month timestamp with time zone) OWNER TO pylayer_owner;

COMMENT ON FUNCTION telemetry.seal_month(p_month timestamp with time zone) IS 'Seals a month below the retention floor against every writer and counts it. Errors: PT400, PT404, PT409 not_due, 55P03';

CREATE FUNCTION telemetry.settle_batch(p_batch telemetry.checked_event[], p_created text[]) RETURNS TABLE("position" integer, event_id text, status text, code text, reason text, detail text)
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    AS $$
  with settled as materialized (
    select
      b.position,
      b.event_id,
      b.reason,
      b.detail,
      case
        when b.reason is not null then 'refused'
        -- the first of an id in the batch is the one that the insert took
        when c.event_id is not null and b.nth = 1 then 'created'
        when b.event_version = e.event_version and b.event_name = e.event_name and b.ts = e.ts
          and b.payload = e.payload
          and b.run_id is not distinct from e.run_id
          and b.item_id is not distinct from e.item_id
          and b.workflow_name is not distinct from e.workflow_name
          and b.agent_role is not distinct from e.agent_role
          and b.project_id is not distinct from e.project_id then 'duplicate'
        else 'conflict'
      end as status
    from (
      select u.*, row_number() over (partition by u.event_id, u.reason is null order by u.position) as nth
      from unnest(p_batch) as u
    ) as b
    left join unnest(p_created) as c (event_id) on c.event_id = b.event_id and b.reason is null
    left join lateral (
      select w.event_version, w.event_name, w.ts, w.payload, w.run_id, w.item_id, w.workflow_name, w.agent_role,
        w.project_id
      from telemetry.workflow_events as w
      where w.event_id = b.event_id and b.reason is null and (c.event_id is null or b.nth > 1)
      offset 0
    ) as e on true
  ),
  counted as (
    insert into telemetry.ingest_counts (duplicates, conflicts)
    select n.duplicates, n.conflicts
    from (
      select
        count(*) filter (where s.status = 'duplicate') as duplicates,
        count(*) filter (where s.status = 'conflict') as conflicts
      from settled as s
    ) as n
    where n.duplicates + n.conflicts > 0
  )
  select s.position, s.event_id, s.status, r.code, s.reason, coalesce(s.detail, r.message)
  from settled as s
  left join lateral telemetry.refusal(s.reason) as r on s.reason is not null
  order by s.position
$$;

ALTER FUNCTION telemetry.settle_batch(p_batch telemetry.checked_event[], p_created text[]) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.settle_batch(p_batch telemetry.checked_event[], p_created text[]) IS 'Status of each event of a batch, known ids compared with what is stored; counts duplicates and conflicts';

CREATE FUNCTION telemetry.settle_items(p_item_ids text[], p_item_types text[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET work_mem TO '64MB'
    SET jit TO 'off'
    AS $$
declare
  v_types text[];
  v_seconds numeric[];
begin
  with settled as (
    insert into telemetry.item_rollups as r (
      item_id, item_type, state, outcome, started_at, ended_at, state_since, state_seconds, transitions, bounces, state_bounces
    )
    select
      f.item_id, f.item_type, f.state, o.outcome, f.started_at, case when o.outcome is not null then f.state_since end,
      f.state_since, f.state_seconds, f.transitions, f.bounces, f.state_bounces
    from telemetry.state_facts(p_item_ids, p_item_types) as f
    cross join lateral (select telemetry.state_outcome(f.state) as outcome) as o
    on conflict (item_id, item_type) do update set
      state = excluded.state,
      outcome = excluded.outcome,
      started_at = excluded.started_at,
      ended_at = excluded.ended_at,
      state_since = excluded.state_since,
      state_seconds = excluded.state_seconds,
      transitions = excluded.transitions,
      bounces = excluded.bounces,
      state_bounces = excluded.state_bounces
    returning
      new.item_type, extract(epoch from new.ended_at - new.started_at) as seconds,
      new.outcome = 'succeeded' and old.outcome is distinct from 'succeeded' as has_succeeded
  )
  select array_agg(s.item_type), array_agg(s.seconds) into v_types, v_seconds
  from settled as s
  where s.has_succeeded;

  if v_types is not null then
    perform telemetry.count_cycles(v_types, v_seconds);
  end if;

  with first_types as (
    select distinct on (r.item_id) r.item_id, r.item_type
    from unnest(p_item_ids) as i (item_id)
    inner join telemetry.item_rollups as r on r.item_id = i.item_id
    where r.item_type <> ''
    order by r.item_id, r.started_at, r.item_type
  ),
  emptied as (
    update telemetry.item_rollups as r
    set
      project_id = null, events = 0, steps = 0, failed_steps = 0, input_tokens = 0, cached_input_tokens = 0,
      output_tokens = 0, cost_usd = 0
    from first_types as t
    where r.item_id = t.item_id and r.item_type <> t.item_type and r.events > 0
    returning
      t.item_id, t.item_type, old.project_id, old.events, old.steps, old.failed_steps, old.input_tokens,
      old.cached_input_tokens, old.output_tokens, old.cost_usd
  )
  update telemetry.item_rollups as r
  set
    project_id = e.project_id, events = e.events, steps = e.steps, failed_steps = e.failed_steps,
    input_tokens = e.input_tokens, cached_input_tokens = e.cached_input_tokens, output_tokens = e.output_tokens,
    cost_usd = e.cost_usd
  from emptied as e  -- one row an item holds it all
  where r.item_id = e.item_id and r.item_type = e.item_type;

  delete from telemetry.item_rollups as r using unnest(p_item_ids) as i (item_id)
  where r.item_id = i.item_id and r.item_type = '';
end
$$;

ALTER FUNCTION telemetry.settle_items(p_item_ids text[], p_item_types text[]) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.settle_items(p_item_ids text[], p_item_types text[]) IS 'Writes anew what the changes of state of some items say, in the rollups by item';

CREATE FUNCTION telemetry.snapshot_horizon(OUT epoch integer, OUT xid bigint, OUT next_xid bigint) RETURNS record
    LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select
    s.epoch + (s.system_identifier <> c.system_identifier)::integer,
    pg_snapshot_xmin(pg_current_snapshot())::text::bigint,
    pg_snapshot_xmax(pg_current_snapshot())::text::bigint
  from core.settings as s
  cross join pg_control_system() as c
$$;

ALTER FUNCTION telemetry.snapshot_horizon(OUT epoch integer, OUT xid bigint, OUT next_xid bigint) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.snapshot_horizon(OUT epoch integer, OUT xid bigint, OUT next_xid bigint) IS 'Epoch and transaction id below which no event will be added any more';

CREATE FUNCTION telemetry.state_changed_event(p_item_type text, p_item_id text, p_from_state text, p_to_state text, p_run_id text DEFAULT NULL::text, p_workflow_name text DEFAULT NULL::text, p_agent_role text DEFAULT NULL::text, p_project_id text DEFAULT NULL::text, p_reason text DEFAULT NULL::text, p_actor text DEFAULT NULL::text, p_time_in_state_seconds double precision DEFAULT NULL::double precision) RETURNS jsonb
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select jsonb_strip_nulls(jsonb_build_object(
    'event_id', core.new_ulid(),
    'event_name', 'workflow.item_state_changed',
    'item_id', p_item_id,
    'run_id', p_run_id,
    'workflow_name', p_workflow_name,
    'agent_role', p_agent_role,
    'project_id', p_project_id
  )) || jsonb_build_object('payload', jsonb_build_object('from_state', p_from_state) || jsonb_strip_nulls(jsonb_build_object(
    'item_type', p_item_type,
    'to_state', p_to_state,
    'reason', p_reason,
    'actor', p_actor,
    'time_in_state_seconds', case when p_time_in_state_seconds is not null then greatest(p_time_in_state_seconds, 0) end
  )))
$$;

ALTER FUNCTION telemetry.state_changed_event(p_item_type text, p_item_id text, p_from_state text, p_to_state text, p_run_id text, p_workflow_name text, p_agent_role text, p_project_id text, p_reason text, p_actor text, p_time_in_state_seconds double precision) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.state_changed_event(p_item_type text, p_item_id text, p_from_state text, p_to_state text, p_run_id text, p_workflow_name text, p_agent_role text, p_project_id text, p_reason text, p_actor text, p_time_in_state_seconds double precision) IS 'The event of a change of state, with a new id, to be stored in the same transaction as the change';

CREATE FUNCTION telemetry.state_facts(p_item_ids text[], p_item_types text[]) RETURNS TABLE(item_id text, item_type text, state text, started_at timestamp with time zone, state_since timestamp with time zone, state_seconds jsonb, transitions bigint, bounces bigint, state_bounces jsonb)
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET work_mem TO '64MB'
    SET jit TO 'off'
    AS $$
  with changes as (
    select
      c.item_id, c.item_type, c.ts, c.to_state,
      lead(c.ts) over w as left_at,
      row_number() over w = 1 as is_first,
      coalesce(lag(c.to_state) over w, c.from_state) as state_before
    from unnest(p_item_ids, p_item_types) as i (item_id, item_type)
    inner join telemetry.state_changes as c on c.item_id = i.item_id and c.item_type = i.item_type
    window w as (partition by c.item_id, c.item_type order by c.ts, c.event_id)
  ),
  visits as (
    select
      v.item_id, v.item_type, v.state,
      sum(extract(epoch from v.left_at - v.ts)) as seconds,
      count(v.ts) as transitions,
      min(v.ts) as started_at,
      max(v.ts) filter (where v.left_at is null) as state_since,
      -- a state that is reported again has not been entered again
      count(*) filter (where v.state is distinct from v.state_before) - 1 as bounces
    from (
      select c.item_id, c.item_type, c.to_state as state, c.state_before, c.ts, c.left_at from changes as c
      union all  -- where it was before its first change that is known
      select c.item_id, c.item_type, c.state_before, null, null, null from changes as c
      where c.is_first and c.state_before is not null
    ) as v
    group by v.item_id, v.item_type, v.state
  )
  select
    v.item_id, v.item_type,
    max(v.state) filter (where v.state_since is not null),
    min(v.started_at),
    max(v.state_since),
    coalesce(jsonb_object_agg(v.state, v.seconds) filter (where v.seconds is not null), '{}'),
    sum(v.transitions)::bigint,
    sum(v.bounces)::bigint,
    coalesce(jsonb_object_agg(v.state, v.bounces) filter (where v.bounces > 0), '{}')
  from visits as v
  group by v.item_id, v.item_type
$$;

ALTER FUNCTION telemetry.state_facts(p_item_ids text[], p_item_types text[]) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.state_facts(p_item_ids text[], p_item_types text[]) IS 'State, time in each state and bounces of items, from all of their changes of state in the order of time';

CREATE FUNCTION telemetry.state_outcome(p_state text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select case
    when s.name in (
      'succeeded', 'success', 'completed', 'complete', 'done', 'closed', 'resolved', 'merged', 'released', 'deployed',
      'shipped', 'accepted'
    ) then 'succeeded'
    when s.name in ('failed', 'failure', 'error', 'errored', 'timed_out') then 'failed'
    when s.name in ('cancelled', 'canceled', 'aborted', 'abandoned', 'rejected', 'skipped', 'wont_do', 'wont_fix')
      then 'cancelled'
  end
  from (select translate(lower(p_state), ' -''', '__') as name) as s
$$;

ALTER FUNCTION telemetry.state_outcome(p_state text) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.state_outcome(p_state text) IS 'What a state means: succeeded, failed, cancelled, or null for one that is not final';

CREATE FUNCTION telemetry.training_agent_events(p_from timestamp with time zone, p_to timestamp with time zone, p_epoch integer, p_xid bigint) RETURNS TABLE(event_id text, event_name text, event_version integer, ts timestamp with time zone, run_id text, item_id text, workflow_name text, agent_role text, project_id text, payload jsonb, metadata jsonb)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
  select
    w.event_id, w.event_name, w.event_version, w.ts, w.run_id, w.item_id, w.workflow_name, w.agent_role, w.project_id,
    w.payload, w.metadata
  from telemetry.workflow_events as w
  where w.event_id >= (
      select core.ulid_floor(greatest(p_from - make_interval(secs => extract(epoch from s.max_ts_skew)), '1970-01-01Z'))
      from core.settings as s
    )
    and w.event_id < (
      select core.ulid_floor(p_to + make_interval(secs => extract(epoch from s.max_ts_skew)) + interval '1 millisecond')
      from core.settings as s
    )
    and w.ts >= p_from
    and w.ts < p_to
    and (w.recorded_epoch, w.recorded_xid) < (p_epoch, p_xid)
  order by w.event_id
$$;

ALTER FUNCTION telemetry.training_agent_events(p_from timestamp with time zone, p_to timestamp with time zone, p_epoch integer, p_xid bigint) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.training_agent_events(p_from timestamp with time zone, p_to timestamp with time zone, p_epoch integer, p_xid bigint) IS 'Events of a time range below a horizon, as they were reported, in id order. Errors: PT400';

CREATE FUNCTION telemetry.training_workflow_data(p_from timestamp with time zone, p_to timestamp with time zone, p_epoch integer, p_xid bigint) RETURNS TABLE(event_id text, event_name text, ts timestamp with time zone, run_id text, item_id text, workflow_name text, agent_role text, project_id text, step_name text, status text, model text, duration_ms numeric, input_tokens numeric, cached_input_tokens numeric, output_tokens numeric, cost_usd_est numeric, retry_count numeric, error text, item_type text, from_state text, to_state text, reason text, actor text)
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$
  select
    e.event_id, e.event_name, e.ts, e.run_id, e.item_id, e.workflow_name, e.agent_role, e.project_id,
    e.payload ->> 'step_name', e.payload ->> 'status', e.payload ->> 'model',
    telemetry.payload_number(e.payload, 'duration_ms'),
    telemetry.payload_number(e.payload, 'input_tokens'),
    telemetry.payload_number(e.payload, 'cached_input_tokens'),
    telemetry.payload_number(e.payload, 'output_tokens'),
    telemetry.payload_number(e.payload, 'cost_usd_est'),
    telemetry.payload_number(e.payload, 'retry_count'),
    e.payload ->> 'error',
    e.payload ->> 'item_type', e.payload ->> 'from_state', e.payload ->> 'to_state', e.payload ->> 'reason',
    e.payload ->> 'actor'
  from telemetry.training_agent_events(p_from => p_from, p_to => p_to, p_epoch => p_epoch, p_xid => p_xid) as e
  where e.event_name in ('workflow.step_completed', 'workflow.item_state_changed')
  order by e.event_id collate "C"
$$;

ALTER FUNCTION telemetry.training_workflow_data(p_from timestamp with time zone, p_to timestamp with time zone, p_epoch integer, p_xid bigint) OWNER TO pylayer_api;

COMMENT ON FUNCTION telemetry.training_workflow_data(p_from timestamp with time zone, p_to timestamp with time zone, p_epoch integer, p_xid bigint) IS 'Steps and state changes of a time range below a horizon, one column a fact, in id order. Errors: PT400';

CREATE FUNCTION work.abort_open_uploads() RETURNS bigint
    LANGUAGE sql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  with aborted as (
    select work.finish_upload(p_upload_id => u.upload_id, p_state => 'aborted', p_result_version => null)
    from work.artifact_uploads as u
    where u.state = 'open'
  )
  select count(*) from aborted
$$;

ALTER FUNCTION work.abort_open_uploads() OWNER TO pylayer_api;

COMMENT ON FUNCTION work.abort_open_uploads() IS 'Gives every open upload up, after the data came back from a backup';

CREATE FUNCTION work.abort_upload(p_upload_id text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_upload work.artifact_uploads := work.lock_upload(p_upload_id => p_upload_id);
begin
  if v_upload.state in ('committed', 'unchanged') then
    raise exception using
      errcode = 'PT409', message = 'the upload is committed', constraint = 'already_committed',
      detail = format('upload %s, artifact %s, version %s', p_upload_id, v_upload.artifact_id, v_upload.result_version),
      hint = 'a version is never taken back; write another one';
  end if;
  if v_upload.state <> 'open' then
    return false;
  end if;
  perform work.finish_upload(p_upload_id => p_upload_id, p_state => 'aborted', p_result_version => null);
  return true;
end
$$;

ALTER FUNCTION work.abort_upload(p_upload_id text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.abort_upload(p_upload_id text) IS 'Gives an upload up; true when it was open. Errors: PT404 no_upload, PT409 already_committed';

CREATE FUNCTION work.artifact_storage_key(p_type text, p_artifact_id text, p_version integer, p_content_hash text, p_mime_type text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select 'artifacts/' || p_type || '/' || p_artifact_id || '/v' || p_version || '/' || p_content_hash || '.'
    || case rtrim(lower(split_part(p_mime_type, ';', 1)))
      when 'text/markdown' then 'md'
      when 'text/plain' then 'txt'
      when 'text/html' then 'html'
      when 'text/css' then 'css'
      when 'text/csv' then 'csv'
      when 'text/tab-separated-values' then 'tsv'
      when 'text/xml' then 'xml'
      when 'text/yaml' then 'yaml'
      when 'text/javascript' then 'js'
      when 'text/x-python' then 'py'
      when 'text/x-diff' then 'diff'
      when 'text/json' then 'json'
      when 'application/json' then 'json'
      when 'application/ld+json' then 'jsonld'
      when 'application/geo+json' then 'geojson'
      when 'application/jsonl' then 'jsonl'
      when 'application/x-jsonlines' then 'jsonl'
      when 'application/x-ndjson' then 'jsonl'
      when 'application/xml' then 'xml'
      when 'application/yaml' then 'yaml'
      when 'application/x-yaml' then 'yaml'
      when 'application/toml' then 'toml'
      when 'application/sql' then 'sql'
      when 'application/pdf' then 'pdf'
      when 'application/x-tar+gzip' then 'tar.gz'
      when 'application/x-gtar' then 'tar.gz'
      when 'application/x-tar' then 'tar'
      when 'application/gzip' then 'gz'
      when 'application/x-gzip' then 'gz'
      when 'application/zstd' then 'zst'
      when 'application/zip' then 'zip'
      when 'application/x-xz' then 'xz'
      when 'application/x-bzip2' then 'bz2'
      when 'application/x-7z-compressed' then '7z'
      when 'application/wasm' then 'wasm'
      when 'application/vnd.apache.parquet' then 'parquet'
      when 'application/x-parquet' then 'parquet'
      when 'application/vnd.apache.arrow.file' then 'arrow'
      when 'application/vnd.sqlite3' then 'sqlite3'
      when 'application/x-ipynb+json' then 'ipynb'
      when 'application/vnd.openxmlformats-officedocument.wordprocessingml.document' then 'docx'
      when 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet' then 'xlsx'
      when 'application/vnd.openxmlformats-officedocument.presentationml.presentation' then 'pptx'
      when 'image/png' then 'png'
      when 'image/jpeg' then 'jpg'
      when 'image/gif' then 'gif'
      when 'image/webp' then 'webp'
      when 'image/svg+xml' then 'svg'
      when 'audio/mpeg' then 'mp3'
      when 'audio/wav' then 'wav'
      when 'video/mp4' then 'mp4'
      when 'video/webm' then 'webm'
      else case when work.is_json_mime(p_mime_type => p_mime_type) then 'json' else 'bin' end
    end
$$;

ALTER FUNCTION work.artifact_storage_key(p_type text, p_artifact_id text, p_version integer, p_content_hash text, p_mime_type text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.artifact_storage_key(p_type text, p_artifact_id text, p_version integer, p_content_hash text, p_mime_type text) IS 'Key of a version''s object: artifacts/{type}/{artifact_id}/v{version}/{content_hash}.{ext}';

CREATE FUNCTION work.begin_upload(p_size_bytes bigint, p_content_hash text, p_mime_type text, p_type text DEFAULT NULL::text, p_artifact_id text DEFAULT NULL::text, p_expected_version integer DEFAULT NULL::integer, p_preview_text text DEFAULT NULL::text, p_extracted_fields jsonb DEFAULT NULL::jsonb, p_tags jsonb DEFAULT NULL::jsonb, p_owner_item_id text DEFAULT NULL::text, p_owner_run_id text DEFAULT NULL::text, p_project_id text DEFAULT NULL::text) RETURNS TABLE(upload_id text, artifact_id text, version integer, storage_key text, copy_from text, expires_at timestamp with time zone, created boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '10s'
    AS $$
declare
  v_artifact record;
begin
  perform work.check_content_hash(p_content_hash => p_content_hash);
  perform work.check_artifact_fields(
    p_artifact_id => case when p_type is null then coalesce(p_artifact_id, '') else p_artifact_id end,
    p_type => p_type, p_mime_type => coalesce(p_mime_type, ''), p_preview_text => p_preview_text,
    p_extracted_fields => p_extracted_fields, p_tags => p_tags, p_owner_item_id => p_owner_item_id,
    p_owner_run_id => p_owner_run_id, p_project_id => p_project_id
  );
  if p_size_bytes is null or p_size_bytes < 0 then
    raise exception using
      errcode = 'PT400', message = 'size_bytes is not a size', constraint = 'invalid_size',
      detail = format('size_bytes %s', p_size_bytes),
      hint = 'send the number of bytes of the content';
  end if;
  artifact_id := coalesce(p_artifact_id, core.new_ulid());
  select l.type, l.latest_version, l.reserved_version, l.latest_content_hash into v_artifact
  from work.lock_artifact(
    p_artifact_id => artifact_id, p_type => p_type, p_expected_version => p_expected_version
  ) as l;

  if v_artifact.latest_content_hash = p_content_hash then
    perform work.set_artifact_fields(
      p_artifact_id => artifact_id, p_tags => p_tags, p_owner_item_id => p_owner_item_id,
      p_owner_run_id => p_owner_run_id, p_project_id => p_project_id
    );
    select v.version, v.storage_key into version, storage_key from work.artifact_versions as v
    where v.artifact_id = begin_upload.artifact_id and v.version = v_artifact.latest_version;
    created := false;
    return next;
    return;
  end if;

  upload_id := core.new_ulid();
  version := v_artifact.reserved_version + 1;
  storage_key := work.artifact_storage_key(
    p_type => v_artifact.type, p_artifact_id => artifact_id, p_version => version,
    p_content_hash => p_content_hash, p_mime_type => p_mime_type
  );
  created := true;
  update work.artifacts as a set reserved_version = begin_upload.version
  where a.artifact_id = begin_upload.artifact_id;
  insert into work.artifact_uploads as u (
    upload_id, artifact_id, version, expected_version, mime_type, size_bytes, content_hash, storage_key, preview_text,
    extracted_fields, tags, owner_item_id, owner_run_id, project_id, expires_at
  )
  select
    begin_upload.upload_id, begin_upload.artifact_id, begin_upload.version, p_expected_version, p_mime_type, p_size_bytes,
    p_content_hash, begin_upload.storage_key, p_preview_text, p_extracted_fields, p_tags, p_owner_item_id, p_owner_run_id,
    p_project_id, clock_timestamp() + s.upload_ttl
  from core.settings as s
  returning u.expires_at into expires_at;
  select v.storage_key into copy_from from work.artifact_versions as v
  where v.content_hash = p_content_hash
    and v.storage_backend = 's3'
    and v.size_bytes = p_size_bytes
    and not exists (
      select from work.artifact_tombstones as t where t.artifact_id = v.artifact_id and t.version = v.version
    )
  limit 1;
  return next;
end
$$;

ALTER FUNCTION work.begin_upload(p_size_bytes bigint, p_content_hash text, p_mime_type text, p_type text, p_artifact_id text, p_expected_version integer, p_preview_text text, p_extracted_fields jsonb, p_tags jsonb, p_owner_item_id text, p_owner_run_id text, p_project_id text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.begin_upload(p_size_bytes bigint, p_content_hash text, p_mime_type text, p_type text, p_artifact_id text, p_expected_version integer, p_preview_text text, p_extracted_fields jsonb, p_tags jsonb, p_owner_item_id text, p_owner_run_id text, p_project_id text) IS 'Reserves a version number and records an attempt to write its content to object storage. Errors: PT400, PT404 no_artifact, PT409 type_mismatch, stale_version';

CREATE FUNCTION work.check_artifact_fields(p_artifact_id text, p_type text, p_mime_type text, p_preview_text text, p_extracted_fields jsonb, p_tags jsonb, p_owner_item_id text, p_owner_run_id text, p_project_id text) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
begin
  if p_artifact_id !~ '^[0-7][0-9A-HJKMNP-TV-Z]{25}$' then
    raise exception using
      errcode = 'PT400', message = 'artifact_id is not a ULID', constraint = 'invalid_artifact_id',
      detail = left(p_artifact_id, 64), hint = 'a ULID is 26 characters of upper-case Crockford base32';
  end if;
  if p_type !~ '^[a-z][a-z0-9_.-]{0,62}$' then
    raise exception using
      errcode = 'PT400', message = 'type is not a name', constraint = 'invalid_type', detail = left(p_type, 64),
      hint = 'use a lower-case letter, then up to 62 of a-z, 0-9, _, . and -';
  end if;
  if length(p_mime_type) > 255 or p_mime_type !~* '^[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+ *(;[ -~]*)?$' then
    raise exception using
      errcode = 'PT400', message = 'mime_type is not a mime type', constraint = 'invalid_mime_type',
      detail = left(p_mime_type, 64), hint = 'use a type such as text/markdown, of at most 255 characters';
  end if;
  if jsonb_typeof(p_extracted_fields) <> 'object' then
    raise exception using
      errcode = 'PT400', message = 'extracted_fields is not an object', constraint = 'invalid_extracted_fields',
      detail = jsonb_typeof(p_extracted_fields), hint = 'send a JSON object, or leave it out';
  end if;
  if jsonb_typeof(p_tags) not in ('object', 'array') then
    raise exception using
      errcode = 'PT400', message = 'tags is neither an object nor an array', constraint = 'invalid_tags',
      detail = jsonb_typeof(p_tags), hint = 'send a JSON object or array, or leave it out';
  end if;
  if greatest(length(p_owner_item_id), length(p_owner_run_id), length(p_project_id)) > 500 then
    raise exception using
      errcode = 'PT400', message = 'an id is too long', constraint = 'invalid_owner',
      detail = format(
        'characters: owner_item_id %s, owner_run_id %s, project_id %s',
        length(p_owner_item_id), length(p_owner_run_id), length(p_project_id)
      ),
      hint = 'owner_item_id, owner_run_id and project_id have at most 500 characters each';
  end if;
  if greatest(octet_length(p_preview_text), pg_column_size(p_extracted_fields), pg_column_size(p_tags)) > 262144 then
    raise exception using
      errcode = 'PT413', message = 'preview_text, extracted_fields or tags are too large', constraint = 'metadata_limit',
      detail = format(
        'bytes: preview_text %s, extracted_fields %s, tags %s, limit of each 262144',
        octet_length(p_preview_text), pg_column_size(p_extracted_fields), pg_column_size(p_tags)
      ),
      hint = 'keep what is large in the content';
  end if;
end
$_$;

ALTER FUNCTION work.check_artifact_fields(p_artifact_id text, p_type text, p_mime_type text, p_preview_text text, p_extracted_fields jsonb, p_tags jsonb, p_owner_item_id text, p_owner_run_id text, p_project_id text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.check_artifact_fields(p_artifact_id text, p_type text, p_mime_type text, p_preview_text text, p_extracted_fields jsonb, p_tags jsonb, p_owner_item_id text, p_owner_run_id text, p_project_id text) IS 'Refuses malformed facts of an artifact or version';

CREATE FUNCTION work.check_content_hash(p_content_hash text) RETURNS void
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
begin
  if p_content_hash is null or p_content_hash !~ '^[0-9a-f]{64}$' then
    raise exception using
      errcode = 'PT400', message = 'content_hash is not a sha256', constraint = 'invalid_content_hash',
      detail = coalesce(left(p_content_hash, 80), 'null'), hint = 'send 64 characters of lower-case hex';
  end if;
end
$_$;

ALTER FUNCTION work.check_content_hash(p_content_hash text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.check_content_hash(p_content_hash text) IS 'Refuses what is not a sha256 in lower-case hex';

CREATE FUNCTION work.check_expected_version(p_expected_version integer, p_latest_version integer) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if p_latest_version <> p_expected_version then
    raise exception using
      errcode = 'PT409', message = 'the artifact has another latest version', constraint = 'stale_version',
      detail = format('expected %s, latest %s', p_expected_version, p_latest_version),
      hint = 'read the latest version, apply your change to it and write again';
  end if;
end
$$;

ALTER FUNCTION work.check_expected_version(p_expected_version integer, p_latest_version integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.check_expected_version(p_expected_version integer, p_latest_version integer) IS 'Refuses a write whose writer expects another latest version';

CREATE FUNCTION work.check_limit(p_limit integer, p_greatest integer) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if p_limit is null or p_limit not between 1 and p_greatest then
    raise exception using
      errcode = 'PT400', message = 'limit is out of range', constraint = 'invalid_limit',
      detail = format('limit %s, allowed 1 to %s', p_limit, p_greatest), hint = 'read page by page';
  end if;
end
$$;

ALTER FUNCTION work.check_limit(p_limit integer, p_greatest integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.check_limit(p_limit integer, p_greatest integer) IS 'Refuses a limit outside of 1 to a greatest value';

CREATE FUNCTION work.commit_upload(p_upload_id text) RETURNS work.version_info
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_upload work.artifact_uploads := work.lock_upload(p_upload_id => p_upload_id);
  v_latest integer;
  v_latest_hash text;
  v_created boolean;
  v_result integer;
begin
  if v_upload.state in ('committed', 'unchanged') then
    return work.version_of(
      p_artifact_id => v_upload.artifact_id, p_version => v_upload.result_version, p_created => false
    );
  end if;
  if v_upload.state = 'aborted' then
    raise exception using
      errcode = 'PT410', message = 'the upload was aborted', constraint = 'upload_aborted', detail = p_upload_id,
      hint = 'begin another upload';
  end if;
  -- The clock decides, not the mark of maintenance: past it, the object may be deleted at any moment.
  if v_upload.state = 'expired' or v_upload.expires_at <= clock_timestamp() then
    raise exception using
      errcode = 'PT410', message = 'the upload has expired', constraint = 'upload_expired',
      detail = format('upload %s, expired at %s', p_upload_id, v_upload.expires_at),
      hint = 'begin another upload';
  end if;
  select a.latest_version, a.latest_content_hash into v_latest, v_latest_hash
  from work.artifacts as a
  where a.artifact_id = v_upload.artifact_id;
  perform work.check_expected_version(p_expected_version => v_upload.expected_version, p_latest_version => v_latest);

  v_created := v_latest_hash is distinct from v_upload.content_hash;
  v_result := v_latest;
  if v_created then
    insert into work.artifact_versions (
      artifact_id, version, mime_type, size_bytes, content_hash, storage_backend, storage_key, preview_text,
      extracted_fields
    ) values (
      v_upload.artifact_id, v_upload.version, v_upload.mime_type, v_upload.size_bytes, v_upload.content_hash, 's3',
      v_upload.storage_key, v_upload.preview_text, v_upload.extracted_fields
    );
    update work.artifacts as a
    set latest_version = v_upload.version, latest_content_hash = v_upload.content_hash
    where a.artifact_id = v_upload.artifact_id and a.latest_version < v_upload.version;
    v_result := v_upload.version;
  end if;
  perform work.set_artifact_fields(
    p_artifact_id => v_upload.artifact_id, p_tags => v_upload.tags, p_owner_item_id => v_upload.owner_item_id,
    p_owner_run_id => v_upload.owner_run_id, p_project_id => v_upload.project_id
  );
  perform work.finish_upload(
    p_upload_id => p_upload_id,
    p_state => case when v_created then 'committed'::work.upload_state else 'unchanged'::work.upload_state end,
    p_result_version => v_result
  );
  return work.version_of(p_artifact_id => v_upload.artifact_id, p_version => v_result, p_created => v_created);
end
$$;

ALTER FUNCTION work.commit_upload(p_upload_id text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.commit_upload(p_upload_id text) IS 'Makes the version of a finished upload; safe to repeat. Errors: PT404 no_upload, PT409 stale_version, PT410 upload_expired, upload_aborted';

CREATE FUNCTION work.confirm_blob_deleted(p_artifact_id text, p_version integer) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  update work.artifact_tombstones as t set object_deleted_at = clock_timestamp()
  where t.artifact_id = p_artifact_id and t.version = p_version and t.object_deleted_at is null;
  if found then
    return true;
  end if;
  if not exists (
    select from work.artifact_tombstones as t where t.artifact_id = p_artifact_id and t.version = p_version
  ) then
    raise exception using
      errcode = 'PT404', message = 'the content was not deleted', constraint = 'no_tombstone',
      detail = format('artifact %s, version %s', left(p_artifact_id, 64), p_version),
      hint = 'delete it first: work.delete_blob';
  end if;
  return false;
end
$$;

ALTER FUNCTION work.confirm_blob_deleted(p_artifact_id text, p_version integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.confirm_blob_deleted(p_artifact_id text, p_version integer) IS 'Records that the object of deleted content is gone; true the first time. Errors: PT404 no_tombstone';

CREATE FUNCTION work.create_artifact(p_type text, p_content text, p_mime_type text DEFAULT 'text/plain'::text, p_artifact_id text DEFAULT NULL::text, p_expected_version integer DEFAULT NULL::integer, p_content_hash text DEFAULT NULL::text, p_preview_text text DEFAULT NULL::text, p_extracted_fields jsonb DEFAULT NULL::jsonb, p_tags jsonb DEFAULT NULL::jsonb, p_owner_item_id text DEFAULT NULL::text, p_owner_run_id text DEFAULT NULL::text, p_project_id text DEFAULT NULL::text) RETURNS work.version_info
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return work.write_inline(
    p_artifact_id => p_artifact_id, p_type => coalesce(p_type, ''), p_content => p_content,
    p_mime_type => coalesce(p_mime_type, 'text/plain'), p_expected_version => p_expected_version,
    p_content_hash => p_content_hash, p_preview_text => p_preview_text, p_extracted_fields => p_extracted_fields,
    p_tags => p_tags, p_owner_item_id => p_owner_item_id, p_owner_run_id => p_owner_run_id, p_project_id => p_project_id
  );
end
$$;

ALTER FUNCTION work.create_artifact(p_type text, p_content text, p_mime_type text, p_artifact_id text, p_expected_version integer, p_content_hash text, p_preview_text text, p_extracted_fields jsonb, p_tags jsonb, p_owner_item_id text, p_owner_run_id text, p_project_id text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.create_artifact(p_type text, p_content text, p_mime_type text, p_artifact_id text, p_expected_version integer, p_content_hash text, p_preview_text text, p_extracted_fields jsonb, p_tags jsonb, p_owner_item_id text, p_owner_run_id text, p_project_id text) IS 'Makes an artifact with inline content, or its next version. Errors: PT400, PT409 type_mismatch, stale_version, hash_mismatch, PT413 inline_limit';

CREATE FUNCTION work.create_version(p_artifact_id text, p_content text, p_mime_type text DEFAULT NULL::text, p_expected_version integer DEFAULT NULL::integer, p_content_hash text DEFAULT NULL::text, p_preview_text text DEFAULT NULL::text, p_extracted_fields jsonb DEFAULT NULL::jsonb) RETURNS work.version_info
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  return work.write_inline(
    p_artifact_id => coalesce(p_artifact_id, ''), p_type => null, p_content => p_content, p_mime_type => p_mime_type,
    p_expected_version => p_expected_version, p_content_hash => p_content_hash, p_preview_text => p_preview_text,
    p_extracted_fields => p_extracted_fields, p_tags => null, p_owner_item_id => null, p_owner_run_id => null,
    p_project_id => null
  );
end
$$;

ALTER FUNCTION work.create_version(p_artifact_id text, p_content text, p_mime_type text, p_expected_version integer, p_content_hash text, p_preview_text text, p_extracted_fields jsonb) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.create_version(p_artifact_id text, p_content text, p_mime_type text, p_expected_version integer, p_content_hash text, p_preview_text text, p_extracted_fields jsonb) IS 'Makes the next version of an artifact with inline content. Errors: PT400, PT404 no_artifact, PT409 stale_version, hash_mismatch, PT413 inline_limit';

CREATE FUNCTION work.delete_blob(p_artifact_id text, p_version integer, p_reason text) RETURNS TABLE(artifact_id text, version integer, storage_key text, deleted boolean, deleted_by text, deleted_at timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_latest integer;
begin
  if p_reason is null or length(btrim(p_reason)) = 0 or length(p_reason) > 1000 then
    raise exception using
      errcode = 'PT400', message = 'the reason is missing or too long', constraint = 'invalid_reason',
      detail = format('%s characters', length(p_reason)), hint = 'say in 1 to 1000 characters why the content goes';
  end if;
  select a.latest_version into v_latest from work.artifacts as a where a.artifact_id = p_artifact_id for no key update;
  select v.artifact_id::text, v.version, v.storage_key into artifact_id, version, storage_key
  from work.artifact_versions as v
  where v.artifact_id = p_artifact_id and v.version = p_version;
  if not found then
    perform work.refuse_missing(p_artifact_id => p_artifact_id, p_version => p_version);
  end if;
  if storage_key is null then
    raise exception using
      errcode = 'PT409', message = 'inline content cannot be deleted', constraint = 'inline_content',
      detail = format('artifact %s, version %s', artifact_id, version),
      hint = 'only content in object storage can be deleted';
  end if;
  insert into work.artifact_tombstones (artifact_id, version, storage_key, reason, deleted_by, deleted_as)
  values (
    p_artifact_id, p_version, delete_blob.storage_key, p_reason, session_user,
    nullif(current_setting('role'), 'none')
  )
  on conflict do nothing;
  deleted := found;
  if deleted then
    update work.artifacts as a set latest_content_hash = null
    where a.artifact_id = p_artifact_id and p_version = v_latest;
  end if;
  select t.deleted_by, t.deleted_at into deleted_by, deleted_at
  from work.artifact_tombstones as t
  where t.artifact_id = p_artifact_id and t.version = p_version;
  return next;
end
$$;

ALTER FUNCTION work.delete_blob(p_artifact_id text, p_version integer, p_reason text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.delete_blob(p_artifact_id text, p_version integer, p_reason text) IS 'Deletes the content of a version from object storage and records who and why. Errors: PT400 invalid_reason, PT404 no_artifact, no_version, PT409 inline_content';

CREATE FUNCTION work.expired_uploads(p_limit integer DEFAULT 100) RETURNS TABLE(upload_id text, storage_key text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 10000);
  perform work.finish_upload(p_upload_id => due.upload_id, p_state => 'expired', p_result_version => null)
  from (
    select u.upload_id from work.artifact_uploads as u
    where u.state = 'open' and u.expires_at <= clock_timestamp()
    order by u.expires_at
    limit p_limit
    for update skip locked
  ) as due;
  return query
  select u.upload_id::text, u.storage_key from work.artifact_uploads as u
  where u.state in ('unchanged', 'aborted', 'expired')
    and (u.cleaned_at is null or u.cleaned_at <= clock_timestamp() - interval '1 hour')
  order by u.cleaned_at nulls first, u.upload_id
  limit p_limit;
end
$$;

ALTER FUNCTION work.expired_uploads(p_limit integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.expired_uploads(p_limit integer) IS 'Attempts whose leftovers in object storage are to be deleted now; marks open ones past their time as expired';

CREATE FUNCTION work.finish_upload(p_upload_id text, p_state work.upload_state, p_result_version integer) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  update work.artifact_uploads as u
  set state = p_state, result_version = p_result_version, finished_at = clock_timestamp(),
    preview_text = null, extracted_fields = null, tags = null
  where u.upload_id = p_upload_id
$$;

ALTER FUNCTION work.finish_upload(p_upload_id text, p_state work.upload_state, p_result_version integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.finish_upload(p_upload_id text, p_state work.upload_state, p_result_version integer) IS 'Takes an attempt out of the state open';

CREATE FUNCTION work.get_artifact(p_artifact_id text, p_version integer DEFAULT NULL::integer) RETURNS work.artifact_info
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_info work.artifact_info;
begin
  select
    v.artifact_id::text,
    v.version,
    a.type,
    v.mime_type,
    v.size_bytes,
    v.content_hash,
    v.storage_backend,
    v.storage_key,
    v.preview_text,
    v.extracted_fields,
    v.is_kb_ingested,
    v.created_at,
    a.latest_version,
    a.tags,
    a.owner_item_id,
    a.owner_run_id,
    a.project_id,
    exists (
      select from work.artifact_tombstones as t where t.artifact_id = v.artifact_id and t.version = v.version
    )
  into v_info
  from work.artifacts as a
  cross join lateral (
    select w.* from work.artifact_versions as w
    where w.artifact_id = a.artifact_id and w.version = coalesce(p_version, a.latest_version)
    offset 0  -- keeps both columns of the key in the index condition, however few versions the statistics expect
  ) as v
  where a.artifact_id = p_artifact_id;
  if not found then
    perform work.refuse_missing(p_artifact_id => p_artifact_id, p_version => p_version);
  end if;
  return v_info;
end
$$;

ALTER FUNCTION work.get_artifact(p_artifact_id text, p_version integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.get_artifact(p_artifact_id text, p_version integer) IS 'Metadata of a version (default: the latest), without content. Errors: PT400 invalid_artifact_id, PT404 no_artifact, no_version';

CREATE FUNCTION work.get_content(p_artifact_id text, p_version integer DEFAULT NULL::integer) RETURNS TABLE(artifact_id text, version integer, mime_type text, size_bytes bigint, content_hash text, storage_backend work.storage_backend, storage_key text, inline_content_text text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_deleted_at timestamptz;
begin
  select
    v.artifact_id::text,
    v.version,
    v.mime_type,
    v.size_bytes,
    v.content_hash,
    v.storage_backend,
    v.storage_key,
    v.inline_content_text,
    (
      select t.deleted_at from work.artifact_tombstones as t
      where t.artifact_id = v.artifact_id and t.version = v.version
    )
  into
    artifact_id, version, mime_type, size_bytes, content_hash, storage_backend, storage_key, inline_content_text,
    v_deleted_at
  from work.artifacts as a
  cross join lateral (
    select w.* from work.artifact_versions as w
    where w.artifact_id = a.artifact_id and w.version = coalesce(p_version, a.latest_version)
    offset 0  -- keeps both columns of the key in the index condition, however few versions the statistics expect
  ) as v
  where a.artifact_id = p_artifact_id;
  if not found then
    perform work.refuse_missing(p_artifact_id => p_artifact_id, p_version => p_version);
  end if;
  if v_deleted_at is not null then
    raise exception using
      errcode = 'PT410', message = 'the content was deleted', constraint = 'content_deleted',
      detail = format('artifact %s, version %s, deleted at %s', artifact_id, version, v_deleted_at),
      hint = 'its metadata stays: work.get_artifact; other versions: work.list_versions';
  end if;
  return next;
end
$$;

ALTER FUNCTION work.get_content(p_artifact_id text, p_version integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.get_content(p_artifact_id text, p_version integer) IS 'Content of a version, inline or by storage key. Errors: PT400 invalid_artifact_id, PT404 no_artifact, no_version, PT410 content_deleted';

CREATE FUNCTION work.inline_content_hash(p_content text, p_content_hash text) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_limit integer := (select s.inline_limit_bytes from core.settings as s);
  v_hash text;
begin
  if p_content is null then
    raise exception using
      errcode = 'PT400', message = 'content is missing', constraint = 'missing_content', detail = 'content is null',
      hint = 'send the content as text; empty text is content';
  end if;
  if octet_length(p_content) > v_limit then
    raise exception using
      errcode = 'PT413', message = 'content is too large to stand inline', constraint = 'inline_limit',
      detail = format('%s bytes, limit %s', octet_length(p_content), v_limit),
      hint = 'write it to object storage: work.begin_upload, then work.commit_upload';
  end if;
  v_hash := encode(sha256(convert_to(p_content, 'UTF8')), 'hex');
  if p_content_hash <> v_hash then
    perform work.check_content_hash(p_content_hash => p_content_hash);
    raise exception using
      errcode = 'PT409', message = 'content does not have the given hash', constraint = 'hash_mismatch',
      detail = format('given %s, computed %s', p_content_hash, v_hash),
      hint = 'the hash is the sha256 of the exact UTF-8 bytes, lower-case hex';
  end if;
  return v_hash;
end
$$;

ALTER FUNCTION work.inline_content_hash(p_content text, p_content_hash text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.inline_content_hash(p_content text, p_content_hash text) IS 'sha256 of inline content, after checking its size and a claimed hash';

CREATE FUNCTION work.is_json_mime(p_mime_type text) RETURNS boolean
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
  select p_mime_type ~* '^((application|text)/json|[^/; ]+/[^/; ]+[+]json) *(;|$)'
$_$;

ALTER FUNCTION work.is_json_mime(p_mime_type text) OWNER TO pylayer_owner;

COMMENT ON FUNCTION work.is_json_mime(p_mime_type text) IS 'Whether a mime type says that the content is one JSON document';

CREATE FUNCTION work.is_opaque_json(p_content text) RETURNS boolean
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  if pg_input_is_valid(p_content, 'jsonb') then
    return false;
  end if;
  if not pg_input_is_valid(p_content, 'json') then
    raise exception using
      errcode = 'PT400', message = 'content is not the JSON that its mime type says', constraint = 'invalid_json',
      detail = left((select i.message from pg_input_error_info(p_content, 'json') as i), 200),
      hint = 'correct the content, or give it another mime type';
  end if;
  return true;
end
$$;

ALTER FUNCTION work.is_opaque_json(p_content text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.is_opaque_json(p_content text) IS 'Whether a JSON document is one that jsonb cannot hold';

CREATE FUNCTION work.link_artifact(p_artifact_id text, p_link_type text, p_version integer DEFAULT NULL::integer, p_item_id text DEFAULT NULL::text, p_run_id text DEFAULT NULL::text, p_event_id text DEFAULT NULL::text, p_workflow_name text DEFAULT NULL::text) RETURNS TABLE(artifact_id text, version integer, link_type text, item_id text, run_id text, event_id text, workflow_name text, created boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
  v_version integer;
begin
  if p_link_type is null or p_link_type !~ '^[a-z][a-z0-9_.-]{0,62}$' then
    raise exception using
      errcode = 'PT400', message = 'link_type is not a name', constraint = 'invalid_link_type',
      detail = coalesce(left(p_link_type, 64), 'null'), hint = 'use a lower-case letter, then up to 62 of a-z, 0-9, _, . and -';
  end if;
  if p_event_id !~ '^[0-7][0-9A-HJKMNP-TV-Z]{25}$' then
    raise exception using
      errcode = 'PT400', message = 'event_id is not a ULID', constraint = 'invalid_event_id',
      detail = left(p_event_id, 64), hint = 'a ULID is 26 characters of upper-case Crockford base32';
  end if;
  if num_nonnulls(p_item_id, p_run_id, p_event_id, p_workflow_name) = 0
    or greatest(length(p_item_id), length(p_run_id), length(p_workflow_name)) > 500
    or octet_length(concat(p_item_id, p_run_id, p_workflow_name)) > 2000
  then
    raise exception using
      errcode = 'PT400', message = 'the link has no target or a target that is too long', constraint = 'invalid_link',
      detail = format(
        'characters: item_id %s, run_id %s, workflow_name %s', length(p_item_id), length(p_run_id),
        length(p_workflow_name)
      ),
      hint = 'give item_id, run_id, event_id or workflow_name: 500 characters each and 2000 bytes together at most';
  end if;
  select v.version into v_version
  from work.artifact_versions as v
  where v.artifact_id = p_artifact_id
    and v.version = coalesce(
      p_version, (select a.latest_version from work.artifacts as a where a.artifact_id = p_artifact_id)
    );
  if not found then
    perform work.refuse_missing(p_artifact_id => p_artifact_id, p_version => p_version);
  end if;
  insert into work.artifact_links (artifact_id, version, link_type, item_id, run_id, event_id, workflow_name)
  values (p_artifact_id, v_version, p_link_type, p_item_id, p_run_id, p_event_id, p_workflow_name)
  on conflict do nothing;
  return query
  select p_artifact_id, v_version, p_link_type, p_item_id, p_run_id, p_event_id, p_workflow_name, found;
end
$_$;

ALTER FUNCTION work.link_artifact(p_artifact_id text, p_link_type text, p_version integer, p_item_id text, p_run_id text, p_event_id text, p_workflow_name text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.link_artifact(p_artifact_id text, p_link_type text, p_version integer, p_item_id text, p_run_id text, p_event_id text, p_workflow_name text) IS 'Links a version of an artifact to an item, run, event or workflow; safe to repeat. Errors: PT400, PT404 no_artifact, no_version';

CREATE FUNCTION work.list_artifacts(p_type text DEFAULT NULL::text, p_owner_item_id text DEFAULT NULL::text, p_owner_run_id text DEFAULT NULL::text, p_project_id text DEFAULT NULL::text, p_tags jsonb DEFAULT NULL::jsonb, p_limit integer DEFAULT 100, p_after text DEFAULT NULL::text) RETURNS SETOF work.artifact_info
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_custom_plan'
    AS $$
declare
  v_after timestamptz;
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 1000);
  if p_after is not null then
    select a.created_at into v_after from work.artifacts as a where a.artifact_id = p_after;
    if not found then
      perform work.refuse_missing(p_artifact_id => p_after, p_version => null);
    end if;
  end if;
  return query
  select
    v.artifact_id::text,
    v.version,
    a.type,
    v.mime_type,
    v.size_bytes,
    v.content_hash,
    v.storage_backend,
    v.storage_key,
    v.preview_text,
    v.extracted_fields,
    v.is_kb_ingested,
    v.created_at,
    a.latest_version,
    a.tags,
    a.owner_item_id,
    a.owner_run_id,
    a.project_id,
    exists (
      select from work.artifact_tombstones as t where t.artifact_id = v.artifact_id and t.version = v.version
    )
  from work.artifacts as a
  cross join lateral (
    select w.* from work.artifact_versions as w
    where w.artifact_id = a.artifact_id and w.version = a.latest_version
    offset 0  -- keeps both columns of the key in the index condition, however few versions the statistics expect
  ) as v
  where (p_type is null or a.type = p_type)
    and (p_owner_item_id is null or a.owner_item_id = p_owner_item_id)
    and (p_owner_run_id is null or a.owner_run_id = p_owner_run_id)
    and (p_project_id is null or a.project_id = p_project_id)
    and (p_tags is null or a.tags @> p_tags)
    and (p_after is null or (a.created_at, a.artifact_id) < (v_after, p_after))
  order by a.created_at desc, a.artifact_id desc
  limit p_limit;
end
$$;

ALTER FUNCTION work.list_artifacts(p_type text, p_owner_item_id text, p_owner_run_id text, p_project_id text, p_tags jsonb, p_limit integer, p_after text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.list_artifacts(p_type text, p_owner_item_id text, p_owner_run_id text, p_project_id text, p_tags jsonb, p_limit integer, p_after text) IS 'Artifacts with their latest version, newest first, in keyset pages. Errors: PT400 invalid_limit, PT404 no_artifact';

CREATE FUNCTION work.list_versions(p_artifact_id text, p_limit integer DEFAULT 100, p_before integer DEFAULT NULL::integer) RETURNS SETOF work.artifact_info
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 1000);
  return query
  select
    v.artifact_id::text,
    v.version,
    a.type,
    v.mime_type,
    v.size_bytes,
    v.content_hash,
    v.storage_backend,
    v.storage_key,
    v.preview_text,
    v.extracted_fields,
    v.is_kb_ingested,
    v.created_at,
    a.latest_version,
    a.tags,
    a.owner_item_id,
    a.owner_run_id,
    a.project_id,
    exists (
      select from work.artifact_tombstones as t where t.artifact_id = v.artifact_id and t.version = v.version
    )
  from work.artifacts as a
  inner join work.artifact_versions as v on v.artifact_id = a.artifact_id
  where a.artifact_id = p_artifact_id and v.version < coalesce(p_before, 2147483647)
  order by v.version desc
  limit p_limit;
  if not found and not exists (
    select from work.artifacts as a where a.artifact_id = p_artifact_id and a.latest_version > 0
  ) then
    perform work.refuse_missing(p_artifact_id => p_artifact_id, p_version => null);
  end if;
end
$$;

ALTER FUNCTION work.list_versions(p_artifact_id text, p_limit integer, p_before integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.list_versions(p_artifact_id text, p_limit integer, p_before integer) IS 'Versions of an artifact, newest first, in keyset pages. Errors: PT400 invalid_limit, invalid_artifact_id, PT404 no_artifact';

CREATE FUNCTION work.lock_artifact(p_artifact_id text, p_type text, p_expected_version integer, OUT type text, OUT latest_version integer, OUT reserved_version integer, OUT latest_content_hash text) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  loop
    select a.type, a.latest_version, a.reserved_version, a.latest_content_hash
    into type, latest_version, reserved_version, latest_content_hash
    from work.artifacts as a
    where a.artifact_id = p_artifact_id
    for no key update;
    exit when found;
    if p_type is null then
      perform work.refuse_missing(p_artifact_id => p_artifact_id, p_version => null);
    end if;
    -- Another session may insert the same id: the next round locks whichever came first.
    insert into work.artifacts (artifact_id, type) values (p_artifact_id, p_type) on conflict do nothing;
  end loop;
  if p_type is null and latest_version = 0 then
    perform work.refuse_missing(p_artifact_id => p_artifact_id, p_version => null);
  end if;
  if type <> p_type then
    raise exception using
      errcode = 'PT409', message = 'the artifact has another type', constraint = 'type_mismatch',
      detail = format('artifact %s has type %s, given %s', p_artifact_id, type, p_type),
      hint = 'a type never changes: give the artifact''s own, or another artifact_id';
  end if;
  perform work.check_expected_version(p_expected_version => p_expected_version, p_latest_version => latest_version);
end
$$;

ALTER FUNCTION work.lock_artifact(p_artifact_id text, p_type text, p_expected_version integer, OUT type text, OUT latest_version integer, OUT reserved_version integer, OUT latest_content_hash text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.lock_artifact(p_artifact_id text, p_type text, p_expected_version integer, OUT type text, OUT latest_version integer, OUT reserved_version integer, OUT latest_content_hash text) IS 'Locks an artifact for a write of a version, makes it where needed, checks type and expected version';

SET default_table_access_method = heap;

CREATE TABLE work.artifact_uploads (
    upload_id core.ulid NOT NULL,
    artifact_id core.ulid NOT NULL,
    version integer NOT NULL,
    expected_version integer,
    mime_type text NOT NULL,
    size_bytes bigint NOT NULL,
    content_hash text NOT NULL,
    storage_key text NOT NULL,
    preview_text text,
    extracted_fields jsonb,
    tags jsonb,
    owner_item_id text,
    owner_run_id text,
    project_id text,
    state work.upload_state DEFAULT 'open'::work.upload_state NOT NULL,
    result_version integer,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone,
    cleaned_at timestamp with time zone,
    CONSTRAINT artifact_uploads_content_hash_check CHECK ((content_hash ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT artifact_uploads_mime_type_check CHECK ((length(mime_type) <= 255)),
    CONSTRAINT artifact_uploads_size_bytes_check CHECK ((size_bytes >= 0)),
    CONSTRAINT artifact_uploads_version_check CHECK ((version > 0)),
    CONSTRAINT cleaned_only_leftovers CHECK (((cleaned_at IS NULL) OR (state = ANY (ARRAY['unchanged'::work.upload_state, 'aborted'::work.upload_state, 'expired'::work.upload_state])))),
    CONSTRAINT finished_follows_state CHECK (((finished_at IS NULL) = (state = 'open'::work.upload_state))),
    CONSTRAINT result_follows_state CHECK (((result_version IS NOT NULL) = (state = ANY (ARRAY['committed'::work.upload_state, 'unchanged'::work.upload_state]))))
);

ALTER TABLE work.artifact_uploads OWNER TO pylayer_owner;

COMMENT ON TABLE work.artifact_uploads IS 'Attempts to write content to object storage: the record that finds what a crash left behind. Committed ones stay, so that a repeat is safe';

COMMENT ON COLUMN work.artifact_uploads.upload_id IS 'ULID of the attempt';

COMMENT ON COLUMN work.artifact_uploads.artifact_id IS 'Artifact that gets the version';

COMMENT ON COLUMN work.artifact_uploads.version IS 'Version number that was reserved';

COMMENT ON COLUMN work.artifact_uploads.expected_version IS 'Latest version that the writer expects, checked again at commit; null is any';

COMMENT ON COLUMN work.artifact_uploads.mime_type IS 'Mime type of the content';

COMMENT ON COLUMN work.artifact_uploads.size_bytes IS 'Size of the content, bytes';

COMMENT ON COLUMN work.artifact_uploads.content_hash IS 'sha256 of the content, hex';

COMMENT ON COLUMN work.artifact_uploads.storage_key IS 'Key of the object, of this attempt alone';

COMMENT ON COLUMN work.artifact_uploads.preview_text IS 'For the version; null once finished';

COMMENT ON COLUMN work.artifact_uploads.extracted_fields IS 'For the version; null once finished';

COMMENT ON COLUMN work.artifact_uploads.tags IS 'For the artifact, at commit; null keeps its own';

COMMENT ON COLUMN work.artifact_uploads.owner_item_id IS 'For the artifact, at commit; null keeps its own';

COMMENT ON COLUMN work.artifact_uploads.owner_run_id IS 'For the artifact, at commit; null keeps its own';

COMMENT ON COLUMN work.artifact_uploads.project_id IS 'For the artifact, at commit; null keeps its own';

COMMENT ON COLUMN work.artifact_uploads.state IS 'What became of the attempt';

COMMENT ON COLUMN work.artifact_uploads.result_version IS 'Version that commit returned';

COMMENT ON COLUMN work.artifact_uploads.created_at IS 'When it was begun';

COMMENT ON COLUMN work.artifact_uploads.expires_at IS 'Until when it may be committed';

COMMENT ON COLUMN work.artifact_uploads.finished_at IS 'When it left the state open';

COMMENT ON COLUMN work.artifact_uploads.cleaned_at IS 'When its leftovers were deleted last';

CREATE FUNCTION work.lock_upload(p_upload_id text, p_missing_ok boolean DEFAULT false) RETURNS work.artifact_uploads
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_upload work.artifact_uploads;
begin
  perform from work.artifacts as a
  where a.artifact_id = (select u.artifact_id from work.artifact_uploads as u where u.upload_id = p_upload_id)
  for no key update;
  select u.* into v_upload from work.artifact_uploads as u where u.upload_id = p_upload_id for update;
  if not found and not p_missing_ok then
    raise exception using
      errcode = 'PT404', message = 'there is no such upload', constraint = 'no_upload',
      detail = format('upload %s', left(p_upload_id, 64)),
      hint = 'work.begin_upload makes one; maintenance removes those that were given up';
  end if;
  return v_upload;
end
$$;

ALTER FUNCTION work.lock_upload(p_upload_id text, p_missing_ok boolean) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.lock_upload(p_upload_id text, p_missing_ok boolean) IS 'Locks an attempt and its artifact. Errors: PT404 no_upload';

CREATE FUNCTION work.record_upload_cleanup(p_upload_id text) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_upload work.artifact_uploads := work.lock_upload(p_upload_id => p_upload_id, p_missing_ok => true);
begin
  if v_upload.upload_id is null then
    return false;
  end if;
  if v_upload.state in ('open', 'committed') then
    raise exception using
      errcode = 'PT409', message = 'the upload is in use', constraint = 'upload_in_use',
      detail = format('upload %s, state %s', p_upload_id, v_upload.state),
      hint = 'clean only what work.expired_uploads returns';
  end if;
  if v_upload.expires_at + (select s.upload_grace from core.settings as s) > clock_timestamp() then
    update work.artifact_uploads as u set cleaned_at = clock_timestamp() where u.upload_id = p_upload_id;
    return true;
  end if;
  delete from work.artifact_uploads as u where u.upload_id = p_upload_id;
  return true;
end
$$;

ALTER FUNCTION work.record_upload_cleanup(p_upload_id text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.record_upload_cleanup(p_upload_id text) IS 'Records that leftovers of an attempt were deleted; after the grace period removes it. Errors: PT409 upload_in_use';

CREATE FUNCTION work.refuse_missing(p_artifact_id text, p_version integer) RETURNS void
    LANGUAGE plpgsql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_latest integer;
begin
  perform work.check_artifact_fields(
    p_artifact_id => coalesce(p_artifact_id, ''), p_type => null, p_mime_type => null, p_preview_text => null,
    p_extracted_fields => null, p_tags => null, p_owner_item_id => null, p_owner_run_id => null, p_project_id => null
  );
  select a.latest_version into v_latest from work.artifacts as a
  where a.artifact_id = p_artifact_id and a.latest_version > 0;
  if not found then
    raise exception using
      errcode = 'PT404', message = 'there is no such artifact', constraint = 'no_artifact', detail = p_artifact_id,
      hint = 'work.create_artifact makes one; work.list_artifacts shows those that exist';
  end if;
  raise exception using
    errcode = 'PT404', message = 'the artifact has no such version', constraint = 'no_version',
    detail = format('artifact %s, version %s, latest %s', p_artifact_id, p_version, v_latest),
    hint = 'leave the version out for the latest; work.list_versions shows those that exist';
end
$$;

ALTER FUNCTION work.refuse_missing(p_artifact_id text, p_version integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.refuse_missing(p_artifact_id text, p_version integer) IS 'Raises the error of an artifact or version that was not found';

CREATE FUNCTION work.set_artifact_fields(p_artifact_id text, p_tags jsonb, p_owner_item_id text, p_owner_run_id text, p_project_id text) RETURNS void
    LANGUAGE sql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  update work.artifacts as a
  set
    tags = coalesce(p_tags, a.tags),
    owner_item_id = coalesce(p_owner_item_id, a.owner_item_id),
    owner_run_id = coalesce(p_owner_run_id, a.owner_run_id),
    project_id = coalesce(p_project_id, a.project_id)
  where a.artifact_id = p_artifact_id
    and (a.tags, a.owner_item_id, a.owner_run_id, a.project_id) is distinct from (
      coalesce(p_tags, a.tags), coalesce(p_owner_item_id, a.owner_item_id), coalesce(p_owner_run_id, a.owner_run_id),
      coalesce(p_project_id, a.project_id)
    )
$$;

ALTER FUNCTION work.set_artifact_fields(p_artifact_id text, p_tags jsonb, p_owner_item_id text, p_owner_run_id text, p_project_id text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.set_artifact_fields(p_artifact_id text, p_tags jsonb, p_owner_item_id text, p_owner_run_id text, p_project_id text) IS 'Replaces tags, owners and project of an artifact where a value is given';

CREATE FUNCTION work.undeleted_blobs(p_limit integer DEFAULT 100) RETURNS TABLE(artifact_id text, version integer, storage_key text)
    LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
  perform work.check_limit(p_limit => p_limit, p_greatest => 10000);
  return query
  select t.artifact_id::text, t.version, t.storage_key from work.artifact_tombstones as t
  where t.object_deleted_at is null
  order by t.deleted_at
  limit p_limit;
end
$$;

ALTER FUNCTION work.undeleted_blobs(p_limit integer) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.undeleted_blobs(p_limit integer) IS 'Deleted content whose object is not confirmed to be gone. Errors: PT400 invalid_limit';

CREATE FUNCTION work.version_of(p_artifact_id text, p_version integer, p_created boolean) RETURNS work.version_info
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
  select
    v.artifact_id,
    v.version,
    a.type,
    v.mime_type,
    v.size_bytes,
    v.content_hash,
    v.storage_backend,
    v.storage_key,
    v.preview_text,
    v.extracted_fields,
    p_created,
    v.created_at
  from work.artifact_versions as v
  inner join work.artifacts as a on a.artifact_id = v.artifact_id
  where v.artifact_id = p_artifact_id and v.version = p_version
$$;

ALTER FUNCTION work.version_of(p_artifact_id text, p_version integer, p_created boolean) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.version_of(p_artifact_id text, p_version integer, p_created boolean) IS 'A stored version in the form that writes return';

CREATE FUNCTION work.write_inline(p_artifact_id text, p_type text, p_content text, p_mime_type text, p_expected_version integer, p_content_hash text, p_preview_text text, p_extracted_fields jsonb, p_tags jsonb, p_owner_item_id text, p_owner_run_id text, p_project_id text) RETURNS work.version_info
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
  v_hash text := work.inline_content_hash(p_content => p_content, p_content_hash => p_content_hash);
  v_id text := coalesce(p_artifact_id, core.new_ulid());
  v_type text;
  v_mime_type text := p_mime_type;
  v_before integer;
  v_version integer;
  v_latest_hash text;
  v_opaque boolean := false;
  v_created_at timestamptz;
begin
  perform work.check_artifact_fields(
    p_artifact_id => p_artifact_id, p_type => p_type, p_mime_type => p_mime_type, p_preview_text => p_preview_text,
    p_extracted_fields => p_extracted_fields, p_tags => p_tags, p_owner_item_id => p_owner_item_id,
    p_owner_run_id => p_owner_run_id, p_project_id => p_project_id
  );
  loop
    if p_artifact_id is not null then
      update work.artifacts as a
      set
        reserved_version = a.reserved_version + 1,
        latest_version = a.reserved_version + 1,
        latest_content_hash = v_hash,
        tags = coalesce(p_tags, a.tags),
        owner_item_id = coalesce(p_owner_item_id, a.owner_item_id),
        owner_run_id = coalesce(p_owner_run_id, a.owner_run_id),
        project_id = coalesce(p_project_id, a.project_id)
      where a.artifact_id = p_artifact_id
        and case when p_type is null then a.latest_version > 0 else a.type = p_type end
        and (p_expected_version is null or a.latest_version = p_expected_version)
        and a.latest_content_hash is distinct from v_hash
      returning a.type, old.latest_version, new.latest_version into v_type, v_before, v_version;
      exit when found;
    end if;
    if p_type is not null and coalesce(p_expected_version, 0) = 0 then
      insert into work.artifacts as a (
        artifact_id, type, latest_version, reserved_version, latest_content_hash, tags, owner_item_id, owner_run_id,
        project_id
      ) values (v_id, p_type, 1, 1, v_hash, p_tags, p_owner_item_id, p_owner_run_id, p_project_id)
      on conflict do nothing
      returning a.type, a.latest_version into v_type, v_version;
      exit when found;
    end if;
    select l.latest_version, l.latest_content_hash into v_version, v_latest_hash
    from work.lock_artifact(
      p_artifact_id => v_id, p_type => p_type, p_expected_version => p_expected_version
    ) as l;
    if v_latest_hash = v_hash then
      perform work.set_artifact_fields(
        p_artifact_id => v_id, p_tags => p_tags, p_owner_item_id => p_owner_item_id,
        p_owner_run_id => p_owner_run_id, p_project_id => p_project_id
      );
      return work.version_of(p_artifact_id => v_id, p_version => v_version, p_created => false);
    end if;
    -- Nothing speaks against the write any more: what did has changed in the meantime.
  end loop;
  if v_mime_type is null then
    select v.mime_type into v_mime_type from work.artifact_versions as v
    where v.artifact_id = v_id and v.version = v_before;
  end if;
  if work.is_json_mime(p_mime_type => v_mime_type) then
    v_opaque := work.is_opaque_json(p_content => p_content);
  end if;
  insert into work.artifact_versions (
    artifact_id, version, mime_type, size_bytes, content_hash, storage_backend, inline_content_text, is_json_opaque,
    preview_text, extracted_fields
  ) values (
    v_id, v_version, v_mime_type, octet_length(p_content), v_hash, 'inline', p_content, v_opaque,
    p_preview_text, p_extracted_fields
  ) returning created_at into v_created_at;
  return row(
    v_id, v_version, v_type, v_mime_type, octet_length(p_content)::bigint, v_hash, 'inline'::work.storage_backend, null::text,
    p_preview_text, p_extracted_fields, true, v_created_at
  )::work.version_info;
end
$$;

ALTER FUNCTION work.write_inline(p_artifact_id text, p_type text, p_content text, p_mime_type text, p_expected_version integer, p_content_hash text, p_preview_text text, p_extracted_fields jsonb, p_tags jsonb, p_owner_item_id text, p_owner_run_id text, p_project_id text) OWNER TO pylayer_api;

COMMENT ON FUNCTION work.write_inline(p_artifact_id text, p_type text, p_content text, p_mime_type text, p_expected_version integer, p_content_hash text, p_preview_text text, p_extracted_fields jsonb, p_tags jsonb, p_owner_item_id text, p_owner_run_id text, p_project_id text) IS 'Makes a version with inline content; the body of create_artifact and create_version';

CREATE TABLE ai.models (
    model text NOT NULL COLLATE pg_catalog."C",
    valid_from timestamp with time zone NOT NULL,
    provider text NOT NULL,
    input_usd_per_mtok numeric NOT NULL,
    cached_input_usd_per_mtok numeric NOT NULL,
    output_usd_per_mtok numeric NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT models_cached_input_usd_per_mtok_check CHECK ((((cached_input_usd_per_mtok >= (0)::numeric) AND (cached_input_usd_per_mtok <= (1000000)::numeric)) AND (min_scale(cached_input_usd_per_mtok) <= 6))),
    CONSTRAINT models_input_usd_per_mtok_check CHECK ((((input_usd_per_mtok >= (0)::numeric) AND (input_usd_per_mtok <= (1000000)::numeric)) AND (min_scale(input_usd_per_mtok) <= 6))),
    CONSTRAINT models_model_check CHECK ((model ~ '^[A-Za-z0-9][A-Za-z0-9._:/@-]{0,199}$'::text)),
    CONSTRAINT models_output_usd_per_mtok_check CHECK ((((output_usd_per_mtok >= (0)::numeric) AND (output_usd_per_mtok <= (1000000)::numeric)) AND (min_scale(output_usd_per_mtok) <= 6))),
    CONSTRAINT models_provider_check CHECK ((provider ~ '^[a-z][a-z0-9_.-]{0,62}$'::text)),
    CONSTRAINT models_valid_from_check CHECK (((valid_from >= '1970-01-01 00:00:00+00'::timestamp with time zone) AND (valid_from <= '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ai.models OWNER TO pylayer_owner;

COMMENT ON TABLE ai.models IS 'Prices of models. A row holds from its valid_from until that of the model''s next row. Never changed or removed';

COMMENT ON COLUMN ai.models.model IS 'Name of the model as its provider gives it, without the date of a snapshot';

COMMENT ON COLUMN ai.models.valid_from IS 'From when on the price holds';

COMMENT ON COLUMN ai.models.provider IS 'Who sells it, such as openai';

COMMENT ON COLUMN ai.models.input_usd_per_mtok IS 'USD per million input tokens that were not cached';

COMMENT ON COLUMN ai.models.cached_input_usd_per_mtok IS 'USD per million input tokens read from the provider''s cache';

COMMENT ON COLUMN ai.models.output_usd_per_mtok IS 'USD per million output tokens';

COMMENT ON COLUMN ai.models.created_at IS 'When the row was written';

CREATE TABLE core.schema_files (
    path text NOT NULL,
    kind text NOT NULL,
    sha256 text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL,
    identity text[],
    CONSTRAINT schema_files_kind_check CHECK ((kind = ANY (ARRAY['migration'::text, 'function'::text, 'view'::text]))),
    CONSTRAINT schema_files_sha256_check CHECK ((sha256 ~ '^[0-9a-f]{64}$'::text))
);

ALTER TABLE core.schema_files OWNER TO pylayer_owner;

COMMENT ON TABLE core.schema_files IS 'Files that made this schema, with the hash that each had when it was applied';

COMMENT ON COLUMN core.schema_files.path IS 'Path below db/';

COMMENT ON COLUMN core.schema_files.kind IS 'migration, function or view';

COMMENT ON COLUMN core.schema_files.sha256 IS 'sha256 of the file, hex';

COMMENT ON COLUMN core.schema_files.applied_at IS 'When it was last applied';

COMMENT ON COLUMN core.schema_files.identity IS 'What the file made: signatures of functions, names of views and triggers';

CREATE TABLE core.settings (
    singleton boolean DEFAULT true NOT NULL,
    inline_limit_bytes integer DEFAULT 512000 NOT NULL,
    max_event_bytes integer DEFAULT 1048576 NOT NULL,
    max_batch_events integer DEFAULT 10000 NOT NULL,
    max_ts_skew interval DEFAULT '1 day'::interval NOT NULL,
    max_clock_ahead interval DEFAULT '00:05:00'::interval NOT NULL,
    months_ahead integer DEFAULT 3 NOT NULL,
    retention_days integer DEFAULT 90 NOT NULL,
    retention_floor core.ulid NOT NULL,
    upload_ttl interval DEFAULT '1 day'::interval NOT NULL,
    upload_grace interval DEFAULT '7 days'::interval NOT NULL,
    epoch integer DEFAULT 1 NOT NULL,
    system_identifier bigint NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    open_month tstzrange,
    open_since timestamp with time zone,
    archive_enabled boolean DEFAULT false NOT NULL,
    retention_grace interval DEFAULT '1 day'::interval NOT NULL,
    CONSTRAINT settings_epoch_check CHECK ((epoch > 0)),
    CONSTRAINT settings_inline_limit_bytes_check CHECK (((inline_limit_bytes >= 0) AND (inline_limit_bytes <= 10485760))),
    CONSTRAINT settings_max_batch_events_check CHECK (((max_batch_events >= 1) AND (max_batch_events <= 100000))),
    CONSTRAINT settings_max_clock_ahead_check CHECK (((max_clock_ahead >= '00:00:00'::interval) AND (max_clock_ahead <= '1 day'::interval))),
    CONSTRAINT settings_max_event_bytes_check CHECK (((max_event_bytes >= 1024) AND (max_event_bytes <= 16777216))),
    CONSTRAINT settings_max_ts_skew_check CHECK (((max_ts_skew >= '00:00:00'::interval) AND (max_ts_skew <= '31 days'::interval))),
    CONSTRAINT settings_months_ahead_check CHECK (((months_ahead >= 1) AND (months_ahead <= 24))),
    CONSTRAINT settings_retention_days_check CHECK (((retention_days >= 1) AND (retention_days <= 36500))),
    CONSTRAINT settings_retention_grace_check CHECK (((retention_grace >= '00:00:00'::interval) AND (retention_grace <= '365 days'::interval))),
    CONSTRAINT settings_singleton_check CHECK (singleton),
    CONSTRAINT settings_upload_grace_check CHECK ((upload_grace >= '00:00:00'::interval)),
    CONSTRAINT settings_upload_ttl_check CHECK ((upload_ttl > '00:00:00'::interval))
);

ALTER TABLE core.settings OWNER TO pylayer_owner;

COMMENT ON TABLE core.settings IS 'One row: the limits and marks that the rules read';

COMMENT ON COLUMN core.settings.singleton IS 'Always true: the table has one row';

COMMENT ON COLUMN core.settings.inline_limit_bytes IS 'Greatest size of inline artifact content, bytes';

COMMENT ON COLUMN core.settings.max_event_bytes IS 'Greatest size of one event, bytes of its jsonb form';

COMMENT ON COLUMN core.settings.max_batch_events IS 'Greatest number of events in one call';

COMMENT ON COLUMN core.settings.max_ts_skew IS 'Greatest distance between an event''s ts and the time in its id; readers widen by it, so it only grows';

COMMENT ON COLUMN core.settings.max_clock_ahead IS 'How far in the future the time in an event id may lie';

COMMENT ON COLUMN core.settings.months_ahead IS 'Monthly partitions that maintenance keeps ready ahead of now';

COMMENT ON COLUMN core.settings.retention_days IS 'Days that raw events are kept at least';

COMMENT ON COLUMN core.settings.retention_floor IS 'Least event id that is accepted; it only grows';

COMMENT ON COLUMN core.settings.upload_ttl IS 'How long a reserved upload may be committed';

COMMENT ON COLUMN core.settings.upload_grace IS 'How long after expiry the leftovers of an upload are deleted again';

COMMENT ON COLUMN core.settings.epoch IS 'Number of clusters this data has lived in; orders transaction ids of different clusters';

COMMENT ON COLUMN core.settings.system_identifier IS 'pg_control_system().system_identifier of the epoch''s cluster';

COMMENT ON COLUMN core.settings.updated_at IS 'Last change';

COMMENT ON COLUMN core.settings.open_month IS 'The latest month whose partition is known to be there for every session; telemetry.note_open_month sets it';

COMMENT ON COLUMN core.settings.open_since IS 'Start of the server''s run in which open_month and the cluster''s identity were looked up; in another run they are looked up anew';

COMMENT ON COLUMN core.settings.archive_enabled IS 'A month goes to object storage, and is read back, before it is dropped';

COMMENT ON COLUMN core.settings.retention_grace IS 'How long after the retention floor has passed a month its events stay in the table at least';

CREATE TABLE iam.api_keys (
    key_id core.ulid DEFAULT core.new_ulid() NOT NULL,
    name text NOT NULL,
    prefix text NOT NULL,
    key_hash text NOT NULL,
    role text NOT NULL,
    scopes text[] NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    last_used_at timestamp with time zone,
    CONSTRAINT api_keys_expires_at_check CHECK ((expires_at <= '9999-12-31 00:00:00+00'::timestamp with time zone)),
    CONSTRAINT api_keys_key_hash_check CHECK ((key_hash ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT api_keys_name_check CHECK (((length(btrim(name)) >= 1) AND (length(btrim(name)) <= 200))),
    CONSTRAINT api_keys_prefix_check CHECK ((prefix ~ '^[A-Za-z0-9_-]{4,20}$'::text)),
    CONSTRAINT api_keys_role_check CHECK ((role = ANY (ARRAY['pylayer_agent'::text, 'pylayer_analyst'::text, 'pylayer_auditor'::text, 'pylayer_admin'::text]))),
    CONSTRAINT api_keys_scopes_check CHECK ((scopes <@ ARRAY['events:write'::text, 'events:read'::text, 'artifacts:write'::text, 'artifacts:read'::text, 'models:read'::text]))
)
WITH (fillfactor='85');

ALTER TABLE iam.api_keys OWNER TO pylayer_owner;

COMMENT ON TABLE iam.api_keys IS 'API keys. The secret is not here, only its hash. What a key may never changes; it is revoked once, and never removed';

COMMENT ON COLUMN iam.api_keys.key_id IS 'ULID';

COMMENT ON COLUMN iam.api_keys.name IS 'What the key is for, in words';

COMMENT ON COLUMN iam.api_keys.prefix IS 'First characters of the secret, to tell keys apart; no secret';

COMMENT ON COLUMN iam.api_keys.key_hash IS 'sha256 of the whole secret, lower-case hex';

COMMENT ON COLUMN iam.api_keys.role IS 'Database role that requests with the key run under';

COMMENT ON COLUMN iam.api_keys.scopes IS 'What the key may be used for, sorted; empty is nothing';

COMMENT ON COLUMN iam.api_keys.created_at IS 'When it was made';

COMMENT ON COLUMN iam.api_keys.expires_at IS 'From when on it is refused; null is never';

COMMENT ON COLUMN iam.api_keys.revoked_at IS 'Since when it is refused for good; null is not';

COMMENT ON COLUMN iam.api_keys.last_used_at IS 'When it was last used, to the minute; null is never';

CREATE TABLE telemetry.archives (
    month timestamp with time zone NOT NULL,
    storage_key text NOT NULL,
    rows bigint NOT NULL,
    size_bytes bigint NOT NULL,
    content_hash text NOT NULL,
    min_event_id core.ulid,
    max_event_id core.ulid,
    archived_at timestamp with time zone DEFAULT now() NOT NULL,
    verified_at timestamp with time zone,
    CONSTRAINT archives_check CHECK ((((rows = 0) = (min_event_id IS NULL)) AND ((rows = 0) = (max_event_id IS NULL)) AND ((min_event_id)::text <= (max_event_id)::text))),
    CONSTRAINT archives_content_hash_check CHECK ((content_hash ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT archives_rows_check CHECK ((rows >= 0)),
    CONSTRAINT archives_size_bytes_check CHECK ((size_bytes > 0))
);

ALTER TABLE telemetry.archives OWNER TO pylayer_owner;

COMMENT ON TABLE telemetry.archives IS 'Months in object storage, one Parquet file each';

COMMENT ON COLUMN telemetry.archives.month IS 'Start of the month, UTC';

COMMENT ON COLUMN telemetry.archives.storage_key IS 'Key of the file in the bucket';

COMMENT ON COLUMN telemetry.archives.rows IS 'Events in the file';

COMMENT ON COLUMN telemetry.archives.size_bytes IS 'Size of the file';

COMMENT ON COLUMN telemetry.archives.content_hash IS 'sha256 of the file, hex';

COMMENT ON COLUMN telemetry.archives.min_event_id IS 'Least event id in the file; null when it has no event';

COMMENT ON COLUMN telemetry.archives.max_event_id IS 'Greatest event id in the file; null when it has no event';

COMMENT ON COLUMN telemetry.archives.archived_at IS 'When it was stored';

COMMENT ON COLUMN telemetry.archives.verified_at IS 'When it was last read back whole and found right; null: never';

CREATE TABLE telemetry.cycle_rollups (
    item_type text NOT NULL COLLATE pg_catalog."C",
    seconds_sum numeric NOT NULL,
    seconds_histogram bigint[] NOT NULL
)
WITH (fillfactor='50');

ALTER TABLE telemetry.cycle_rollups OWNER TO pylayer_owner;

COMMENT ON TABLE telemetry.cycle_rollups IS 'Cycle times of items that succeeded, by type, over all time; only grows: an item that succeeds again counts again';

COMMENT ON COLUMN telemetry.cycle_rollups.item_type IS 'story, task, workflow_run, ...';

COMMENT ON COLUMN telemetry.cycle_rollups.seconds_sum IS 'Sum of the seconds from an item''s first change of state to its success';

COMMENT ON COLUMN telemetry.cycle_rollups.seconds_histogram IS 'Items by those seconds: one count a bucket of telemetry.cycle_bounds_seconds, not cumulative, the last one above all bounds';

CREATE TABLE telemetry.event_rollups (
    grain text NOT NULL,
    bucket timestamp with time zone NOT NULL,
    series_id uuid NOT NULL,
    event_name text NOT NULL,
    workflow_name text,
    agent_role text,
    labels jsonb NOT NULL,
    events bigint NOT NULL,
    input_tokens numeric NOT NULL,
    cached_input_tokens numeric NOT NULL,
    output_tokens numeric NOT NULL,
    cost_usd numeric NOT NULL,
    duration_ms_sum numeric NOT NULL,
    duration_histogram bigint[],
    CONSTRAINT event_rollups_check CHECK (((grain = 'all'::text) = (bucket = '-infinity'::timestamp with time zone))),
    CONSTRAINT event_rollups_grain_check CHECK ((grain = ANY (ARRAY['hour'::text, 'day'::text, 'all'::text])))
)
WITH (fillfactor='80');

ALTER TABLE telemetry.event_rollups OWNER TO pylayer_owner;

COMMENT ON TABLE telemetry.event_rollups IS 'Events counted by hour, by day and over all time, by name, workflow, role and the payload''s own labels; kept for ever';

COMMENT ON COLUMN telemetry.event_rollups.grain IS 'hour, day, or all: the running totals';

COMMENT ON COLUMN telemetry.event_rollups.bucket IS 'Start of the hour or day of ts, UTC; -infinity for all';

COMMENT ON COLUMN telemetry.event_rollups.series_id IS 'First half of the sha256 of name, workflow, role and labels: a key of fixed size, whatever their length';

COMMENT ON COLUMN telemetry.event_rollups.event_name IS 'Name of the event type';

COMMENT ON COLUMN telemetry.event_rollups.workflow_name IS 'Workflow, or null';

COMMENT ON COLUMN telemetry.event_rollups.agent_role IS 'Role of the agent that reported it, or null';

COMMENT ON COLUMN telemetry.event_rollups.labels IS 'The keys of telemetry.label_keys that the payload has, the first 128 characters of each; empty for other types';

COMMENT ON COLUMN telemetry.event_rollups.events IS 'Number of events';

COMMENT ON COLUMN telemetry.event_rollups.input_tokens IS 'Sum over steps, the cached ones included';

COMMENT ON COLUMN telemetry.event_rollups.cached_input_tokens IS 'Sum over steps';

COMMENT ON COLUMN telemetry.event_rollups.output_tokens IS 'Sum over steps';

COMMENT ON COLUMN telemetry.event_rollups.cost_usd IS 'Sum of the estimated cost of steps, USD';

COMMENT ON COLUMN telemetry.event_rollups.duration_ms_sum IS 'Sum over steps, milliseconds';

COMMENT ON COLUMN telemetry.event_rollups.duration_histogram IS 'Steps by duration: one count a bucket of telemetry.duration_bounds_ms, not cumulative, the last one above all bounds; null without durations';

CREATE TABLE telemetry.event_types (
    event_name text NOT NULL,
    event_version integer NOT NULL,
    description text NOT NULL,
    contract jsonb NOT NULL,
    validator jsonpath GENERATED ALWAYS AS (telemetry.contract_validator(contract)) STORED NOT NULL,
    has_max_length boolean GENERATED ALWAYS AS ((contract @? '$."properties".*."maxLength"'::jsonpath)) STORED NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT event_types_event_name_check CHECK (((length(event_name) <= 100) AND (event_name ~ '^[a-z][a-z0-9_]*([.][a-z][a-z0-9_]*)+$'::text))),
    CONSTRAINT event_types_event_version_check CHECK ((event_version > 0)),
    CONSTRAINT usable_contract CHECK ((telemetry.contract_problem(contract) IS NULL))
)
WITH (toast_tuple_target='8160', autovacuum_analyze_threshold='1', autovacuum_analyze_scale_factor='0');

ALTER TABLE telemetry.event_types OWNER TO pylayer_owner;

COMMENT ON TABLE telemetry.event_types IS 'Payload contracts: what an event of a name and version must carry';

COMMENT ON COLUMN telemetry.event_types.event_name IS 'Dotted lower-case name, such as workflow.step_completed';

COMMENT ON COLUMN telemetry.event_types.event_version IS 'Version of the contract, from 1';

COMMENT ON COLUMN telemetry.event_types.description IS 'What the event says, in a sentence';

COMMENT ON COLUMN telemetry.event_types.contract IS 'JSON Schema subset: required, properties with type, enum, minimum, maximum, maxLength, description';

COMMENT ON COLUMN telemetry.event_types.validator IS 'The contract compiled to a jsonpath predicate over the payload';

COMMENT ON COLUMN telemetry.event_types.has_max_length IS 'The contract has a maxLength, which jsonpath cannot check';

COMMENT ON COLUMN telemetry.event_types.created_at IS 'When it was registered';

CREATE TABLE telemetry.ingest_counts (
    counted_at timestamp with time zone DEFAULT now() NOT NULL,
    duplicates bigint NOT NULL,
    conflicts bigint NOT NULL,
    CONSTRAINT ingest_counts_conflicts_check CHECK ((conflicts >= 0)),
    CONSTRAINT ingest_counts_duplicates_check CHECK ((duplicates >= 0))
);

ALTER TABLE telemetry.ingest_counts OWNER TO pylayer_owner;

COMMENT ON TABLE telemetry.ingest_counts IS 'Repeated events, one row a call that met any; folded into one row by telemetry.fold_ingest_counts';

COMMENT ON COLUMN telemetry.ingest_counts.counted_at IS 'When they arrived, or when they were folded';

COMMENT ON COLUMN telemetry.ingest_counts.duplicates IS 'Events that were already stored with the same content';

COMMENT ON COLUMN telemetry.ingest_counts.conflicts IS 'Events whose id was already stored with other content';

CREATE TABLE telemetry.item_rollups (
    item_id text NOT NULL,
    item_type text NOT NULL,
    project_id text,
    state text,
    outcome text,
    started_at timestamp with time zone,
    ended_at timestamp with time zone,
    state_since timestamp with time zone,
    state_seconds jsonb DEFAULT '{}'::jsonb NOT NULL,
    transitions bigint DEFAULT 0 NOT NULL,
    bounces bigint DEFAULT 0 NOT NULL,
    state_bounces jsonb DEFAULT '{}'::jsonb NOT NULL,
    events bigint DEFAULT 0 NOT NULL,
    steps bigint DEFAULT 0 NOT NULL,
    failed_steps bigint DEFAULT 0 NOT NULL,
    input_tokens numeric DEFAULT 0 NOT NULL,
    cached_input_tokens numeric DEFAULT 0 NOT NULL,
    output_tokens numeric DEFAULT 0 NOT NULL,
    cost_usd numeric DEFAULT 0 NOT NULL,
    CONSTRAINT item_rollups_outcome_check CHECK ((outcome = ANY (ARRAY['succeeded'::text, 'failed'::text, 'cancelled'::text])))
)
WITH (fillfactor='80');

ALTER TABLE telemetry.item_rollups OWNER TO pylayer_owner;

COMMENT ON TABLE telemetry.item_rollups IS 'One row an item, kept for ever. Events tell their item, not its type: what they used stands in the row of the type that changed state first';

COMMENT ON COLUMN telemetry.item_rollups.item_id IS 'The item; for item_type workflow_run its run_id';

COMMENT ON COLUMN telemetry.item_rollups.item_type IS 'As its changes of state tell it; empty while there is none';

COMMENT ON COLUMN telemetry.item_rollups.project_id IS 'Its project; the least where its events name several';

COMMENT ON COLUMN telemetry.item_rollups.state IS 'State after its last change by time';

COMMENT ON COLUMN telemetry.item_rollups.outcome IS 'What that state means by telemetry.state_outcome; null while it is open';

COMMENT ON COLUMN telemetry.item_rollups.started_at IS 'When its first change of state was';

COMMENT ON COLUMN telemetry.item_rollups.ended_at IS 'When it came into its state, if that is an outcome';

COMMENT ON COLUMN telemetry.item_rollups.state_since IS 'When it came into its state';

COMMENT ON COLUMN telemetry.item_rollups.state_seconds IS 'Seconds spent in each state that it has left';

COMMENT ON COLUMN telemetry.item_rollups.transitions IS 'Number of changes of state';

COMMENT ON COLUMN telemetry.item_rollups.bounces IS 'How often it came into a state in which it had been before';

COMMENT ON COLUMN telemetry.item_rollups.state_bounces IS 'The same by state, those with none left out';

COMMENT ON COLUMN telemetry.item_rollups.events IS 'Number of events with its item_id';

COMMENT ON COLUMN telemetry.item_rollups.steps IS 'Steps completed, failed and skipped ones included';

COMMENT ON COLUMN telemetry.item_rollups.failed_steps IS 'Steps that failed';

COMMENT ON COLUMN telemetry.item_rollups.input_tokens IS 'Sum over its steps, the cached ones included';

COMMENT ON COLUMN telemetry.item_rollups.cached_input_tokens IS 'Sum over its steps';

COMMENT ON COLUMN telemetry.item_rollups.output_tokens IS 'Sum over its steps';

COMMENT ON COLUMN telemetry.item_rollups.cost_usd IS 'Sum of the estimated cost of its steps, USD';

CREATE TABLE telemetry.month_rollups (
    month timestamp with time zone NOT NULL,
    events bigint NOT NULL
);

ALTER TABLE telemetry.month_rollups OWNER TO pylayer_owner;

COMMENT ON TABLE telemetry.month_rollups IS 'Counted events by the month of their id: what a dropped month is compared with';

COMMENT ON COLUMN telemetry.month_rollups.month IS 'Start of the month, UTC';

COMMENT ON COLUMN telemetry.month_rollups.events IS 'Number of its events that are in the rollups';

CREATE TABLE telemetry.retired_months (
    month timestamp with time zone NOT NULL,
    raised_at timestamp with time zone DEFAULT now() NOT NULL,
    sealed_at timestamp with time zone,
    events bigint,
    dropped_at timestamp with time zone,
    restoring_since timestamp with time zone,
    kept_until timestamp with time zone,
    CONSTRAINT retired_months_check CHECK (((sealed_at IS NULL) = (events IS NULL))),
    CONSTRAINT retired_months_check1 CHECK (((dropped_at IS NULL) OR (sealed_at IS NOT NULL))),
    CONSTRAINT retired_months_check2 CHECK (((restoring_since IS NULL) OR (dropped_at IS NOT NULL))),
    CONSTRAINT retired_months_events_check CHECK ((events >= 0)),
    CONSTRAINT retired_months_month_check CHECK ((month = (date_trunc('month'::text, (month AT TIME ZONE 'UTC'::text)) AT TIME ZONE 'UTC'::text)))
);

ALTER TABLE telemetry.retired_months OWNER TO pylayer_owner;

COMMENT ON TABLE telemetry.retired_months IS 'Months below the retention floor and how far each has come: sealed, counted, archived, detached, dropped';

COMMENT ON COLUMN telemetry.retired_months.month IS 'Start of the month, UTC';

COMMENT ON COLUMN telemetry.retired_months.raised_at IS 'When maintenance first saw the month below the floor';

COMMENT ON COLUMN telemetry.retired_months.sealed_at IS 'Since when nothing can be added to it';

COMMENT ON COLUMN telemetry.retired_months.events IS 'Events in it when it was sealed: the number for ever';

COMMENT ON COLUMN telemetry.retired_months.dropped_at IS 'When it was dropped; null again once it is restored';

COMMENT ON COLUMN telemetry.retired_months.restoring_since IS 'When an archive''s restore began that has not ended';

COMMENT ON COLUMN telemetry.retired_months.kept_until IS 'Until when a restored month stays';

CREATE TABLE telemetry.rollup_progress (
    singleton boolean DEFAULT true NOT NULL,
    epoch integer DEFAULT 1 NOT NULL,
    xid bigint DEFAULT 0 NOT NULL,
    event_id text DEFAULT ''::text NOT NULL COLLATE pg_catalog."C",
    events bigint DEFAULT 0 NOT NULL,
    refreshed_at timestamp with time zone,
    CONSTRAINT rollup_progress_epoch_check CHECK ((epoch > 0)),
    CONSTRAINT rollup_progress_singleton_check CHECK (singleton)
);

ALTER TABLE telemetry.rollup_progress OWNER TO pylayer_owner;

COMMENT ON TABLE telemetry.rollup_progress IS 'One row: all events up to (epoch, xid, event_id), in the order in which they were recorded, are counted, each once';

COMMENT ON COLUMN telemetry.rollup_progress.singleton IS 'Always true: the table has one row';

COMMENT ON COLUMN telemetry.rollup_progress.epoch IS 'recorded_epoch of the last event that is counted';

COMMENT ON COLUMN telemetry.rollup_progress.xid IS 'Its recorded_xid';

COMMENT ON COLUMN telemetry.rollup_progress.event_id IS 'Its event_id';

COMMENT ON COLUMN telemetry.rollup_progress.events IS 'Events counted so far';

COMMENT ON COLUMN telemetry.rollup_progress.refreshed_at IS 'When the last refresh was; null before the first';

CREATE TABLE telemetry.run_rollups (
    run_id text NOT NULL,
    workflow_name text,
    project_id text,
    state text,
    outcome text,
    started_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    last_event_at timestamp with time zone NOT NULL,
    events bigint NOT NULL,
    steps bigint NOT NULL,
    failed_steps bigint NOT NULL,
    input_tokens numeric NOT NULL,
    cached_input_tokens numeric NOT NULL,
    output_tokens numeric NOT NULL,
    cost_usd numeric NOT NULL,
    duration_ms_sum numeric NOT NULL,
    CONSTRAINT run_rollups_outcome_check CHECK ((outcome = ANY (ARRAY['succeeded'::text, 'failed'::text, 'cancelled'::text])))
)
WITH (fillfactor='80');

ALTER TABLE telemetry.run_rollups OWNER TO pylayer_owner;

COMMENT ON TABLE telemetry.run_rollups IS 'One row a run, kept for ever';

COMMENT ON COLUMN telemetry.run_rollups.run_id IS 'The run';

COMMENT ON COLUMN telemetry.run_rollups.workflow_name IS 'Its workflow; the least where its events name several';

COMMENT ON COLUMN telemetry.run_rollups.project_id IS 'Its project; the least where its events name several';

COMMENT ON COLUMN telemetry.run_rollups.state IS 'State after its last change by time; null when none was reported';

COMMENT ON COLUMN telemetry.run_rollups.outcome IS 'What that state means by telemetry.state_outcome; null while it is open';

COMMENT ON COLUMN telemetry.run_rollups.started_at IS 'Time of its first event';

COMMENT ON COLUMN telemetry.run_rollups.ended_at IS 'When it came into its state, if that is an outcome';

COMMENT ON COLUMN telemetry.run_rollups.last_event_at IS 'Time of its last event';

COMMENT ON COLUMN telemetry.run_rollups.events IS 'Number of its events';

COMMENT ON COLUMN telemetry.run_rollups.steps IS 'Steps completed, failed and skipped ones included';

COMMENT ON COLUMN telemetry.run_rollups.failed_steps IS 'Steps that failed';

COMMENT ON COLUMN telemetry.run_rollups.input_tokens IS 'Sum over its steps, the cached ones included';

COMMENT ON COLUMN telemetry.run_rollups.cached_input_tokens IS 'Sum over its steps';

COMMENT ON COLUMN telemetry.run_rollups.output_tokens IS 'Sum over its steps';

COMMENT ON COLUMN telemetry.run_rollups.cost_usd IS 'Sum of the estimated cost of its steps, USD';

COMMENT ON COLUMN telemetry.run_rollups.duration_ms_sum IS 'Sum over its steps, milliseconds; steps may overlap';

CREATE TABLE telemetry.state_changes (
    item_id text NOT NULL,
    item_type text NOT NULL,
    ts timestamp with time zone NOT NULL,
    event_id text NOT NULL COLLATE pg_catalog."C",
    run_id text,
    from_state text,
    to_state text NOT NULL
);

ALTER TABLE telemetry.state_changes OWNER TO pylayer_owner;

COMMENT ON TABLE telemetry.state_changes IS 'Each reported change of state, kept for ever: facts that depend on the order are computed from it, so that late events are exact';

COMMENT ON COLUMN telemetry.state_changes.item_id IS 'The item; for item_type workflow_run its run_id';

COMMENT ON COLUMN telemetry.state_changes.item_type IS 'story, task, workflow_run, ...; the first 128 characters';

COMMENT ON COLUMN telemetry.state_changes.ts IS 'When it happened';

COMMENT ON COLUMN telemetry.state_changes.event_id IS 'The event that told it';

COMMENT ON COLUMN telemetry.state_changes.run_id IS 'Run in which it happened';

COMMENT ON COLUMN telemetry.state_changes.from_state IS 'State before as reported, null at creation; the first 128 characters';

COMMENT ON COLUMN telemetry.state_changes.to_state IS 'State from then on; the first 128 characters';

CREATE VIEW telemetry.v_bounces AS
 WITH started AS (
         SELECT r.item_type,
            r.bounces,
            r.state_bounces,
            (date_trunc('month'::text, (r.started_at AT TIME ZONE 'UTC'::text)) AT TIME ZONE 'UTC'::text) AS month
           FROM telemetry.item_rollups r
          WHERE (r.started_at IS NOT NULL)
        ), totals AS (
         SELECT s_1.month,
            s_1.item_type,
            count(*) AS items
           FROM started s_1
          GROUP BY s_1.month, s_1.item_type
        )
 SELECT t.month,
    t.item_type,
    b.state,
    t.items,
    count(*) AS bounced_items,
    (sum((b.times)::bigint))::bigint AS bounces
   FROM ((totals t
     JOIN started s ON (((t.month = s.month) AND (t.item_type = s.item_type))))
     CROSS JOIN LATERAL jsonb_each_text(s.state_bounces) b(state, times))
  WHERE (s.bounces > 0)
  GROUP BY t.month, t.item_type, t.items, b.state;

ALTER VIEW telemetry.v_bounces OWNER TO pylayer_owner;

COMMENT ON VIEW telemetry.v_bounces IS 'States that items entered again, by the month of an item''s first change of state and its type';

COMMENT ON COLUMN telemetry.v_bounces.month IS 'Start of the month, UTC';

COMMENT ON COLUMN telemetry.v_bounces.item_type IS 'story, task, workflow_run, ...';

COMMENT ON COLUMN telemetry.v_bounces.state IS 'The state that was entered again';

COMMENT ON COLUMN telemetry.v_bounces.items IS 'All items of that month and type';

COMMENT ON COLUMN telemetry.v_bounces.bounced_items IS 'Those that entered the state again';

COMMENT ON COLUMN telemetry.v_bounces.bounces IS 'How often they did';

CREATE VIEW telemetry.v_cycle_time AS
 WITH ended AS (
         SELECT i.item_type,
            i.outcome,
            (date_trunc('month'::text, (i.ended_at AT TIME ZONE 'UTC'::text)) AT TIME ZONE 'UTC'::text) AS month,
            (EXTRACT(epoch FROM (i.ended_at - i.started_at)))::double precision AS seconds
           FROM telemetry.item_rollups i
          WHERE (i.ended_at IS NOT NULL)
        )
 SELECT month,
    item_type,
    outcome,
    count(*) AS items,
    avg(seconds) AS mean_seconds,
    percentile_cont((0.5)::double precision) WITHIN GROUP (ORDER BY seconds) AS median_seconds,
    percentile_cont((0.9)::double precision) WITHIN GROUP (ORDER BY seconds) AS p90_seconds
   FROM ended e
  GROUP BY month, item_type, outcome;

ALTER VIEW telemetry.v_cycle_time OWNER TO pylayer_owner;

COMMENT ON VIEW telemetry.v_cycle_time IS 'Cycle time of items by the month in which they ended, type and outcome: from the first change of state to the end';

COMMENT ON COLUMN telemetry.v_cycle_time.month IS 'Start of the month, UTC';

COMMENT ON COLUMN telemetry.v_cycle_time.item_type IS 'story, task, workflow_run, ...';

COMMENT ON COLUMN telemetry.v_cycle_time.outcome IS 'succeeded, failed or cancelled';

COMMENT ON COLUMN telemetry.v_cycle_time.items IS 'Items that ended in that month';

COMMENT ON COLUMN telemetry.v_cycle_time.mean_seconds IS 'Mean cycle time';

COMMENT ON COLUMN telemetry.v_cycle_time.median_seconds IS 'Median cycle time';

COMMENT ON COLUMN telemetry.v_cycle_time.p90_seconds IS 'Cycle time that nine of ten items do not exceed';

CREATE VIEW telemetry.v_flow_issues AS
 WITH issues AS (
         SELECT r.grain,
            r.bucket,
            r.series_id,
            r.event_name,
            r.workflow_name,
            r.agent_role,
            r.labels,
            r.events,
            r.input_tokens,
            r.cached_input_tokens,
            r.output_tokens,
            r.cost_usd,
            r.duration_ms_sum,
            r.duration_histogram,
            (r.labels ->> 'issue_type'::text) AS issue_type,
            (r.labels ->> 'impact'::text) AS impact
           FROM telemetry.event_rollups r
          WHERE ((r.event_name = 'workflow.flow_issue'::text) AND (r.grain = 'day'::text))
        )
 SELECT bucket AS day,
    workflow_name,
    agent_role,
    issue_type,
    impact,
    events AS issues
   FROM issues i;

ALTER VIEW telemetry.v_flow_issues OWNER TO pylayer_owner;

COMMENT ON VIEW telemetry.v_flow_issues IS 'Flow issues by day, workflow, role, type and impact; filter by day';

COMMENT ON COLUMN telemetry.v_flow_issues.day IS 'Start of the day, UTC';

COMMENT ON COLUMN telemetry.v_flow_issues.workflow_name IS 'Workflow, or null';

COMMENT ON COLUMN telemetry.v_flow_issues.agent_role IS 'Role of the agent that reported it, or null';

COMMENT ON COLUMN telemetry.v_flow_issues.issue_type IS 'Kind of friction';

COMMENT ON COLUMN telemetry.v_flow_issues.impact IS 'What it costs';

COMMENT ON COLUMN telemetry.v_flow_issues.issues IS 'Number of issues';

CREATE VIEW telemetry.v_gap_escape_rate AS
 WITH found AS (
         SELECT r.workflow_name,
            r.events,
            (date_trunc('month'::text, (r.bucket AT TIME ZONE 'UTC'::text)) AT TIME ZONE 'UTC'::text) AS month,
            (r.labels ->> 'gap_type'::text) AS gap_type,
            (r.labels ->> 'severity'::text) AS severity,
            (r.labels ? 'stage_introduced'::text) AS is_traced,
            ((r.labels ? 'stage_introduced'::text) AND ((r.labels ->> 'stage_introduced'::text) <> (r.labels ->> 'stage_found'::text))) AS is_escaped
           FROM telemetry.event_rollups r
          WHERE ((r.event_name = 'workflow.gap_found'::text) AND (r.grain = 'day'::text))
        )
 SELECT month,
    workflow_name,
    gap_type,
    severity,
    (sum(events))::bigint AS gaps,
    (COALESCE(sum(events) FILTER (WHERE is_traced), (0)::numeric))::bigint AS traced_gaps,
    (COALESCE(sum(events) FILTER (WHERE is_escaped), (0)::numeric))::bigint AS escaped_gaps,
    round((COALESCE(sum(events) FILTER (WHERE is_escaped), (0)::numeric) / sum(events) FILTER (WHERE is_traced)), 4) AS escape_rate
   FROM found f
  GROUP BY month, workflow_name, gap_type, severity;

ALTER VIEW telemetry.v_gap_escape_rate OWNER TO pylayer_owner;

COMMENT ON VIEW telemetry.v_gap_escape_rate IS 'Gaps by month, workflow, type and severity, and the share that left the stage that it came from unseen';

COMMENT ON COLUMN telemetry.v_gap_escape_rate.month IS 'Start of the month, UTC';

COMMENT ON COLUMN telemetry.v_gap_escape_rate.workflow_name IS 'Workflow, or null';

COMMENT ON COLUMN telemetry.v_gap_escape_rate.gap_type IS 'Kind of gap';

COMMENT ON COLUMN telemetry.v_gap_escape_rate.severity IS 'info, low, medium, high or critical';

COMMENT ON COLUMN telemetry.v_gap_escape_rate.gaps IS 'Gaps found';

COMMENT ON COLUMN telemetry.v_gap_escape_rate.traced_gaps IS 'Those whose stage of origin is known';

COMMENT ON COLUMN telemetry.v_gap_escape_rate.escaped_gaps IS 'Those of them that were found in another stage';

COMMENT ON COLUMN telemetry.v_gap_escape_rate.escape_rate IS 'escaped_gaps over traced_gaps; null when none is traced';

CREATE VIEW telemetry.v_post_ready_churn AS
 WITH changes AS (
         SELECT r.grain,
            r.bucket,
            r.series_id,
            r.event_name,
            r.workflow_name,
            r.agent_role,
            r.labels,
            r.events,
            r.input_tokens,
            r.cached_input_tokens,
            r.output_tokens,
            r.cost_usd,
            r.duration_ms_sum,
            r.duration_histogram,
            (r.labels ->> 'change_type'::text) AS change_type,
            (r.labels ->> 'cause_stage'::text) AS cause_stage,
            ((r.labels ->> 'post_ready'::text))::boolean AS post_ready
           FROM telemetry.event_rollups r
          WHERE ((r.event_name = 'workflow.story_changed'::text) AND (r.grain = 'day'::text))
        )
 SELECT bucket AS day,
    workflow_name,
    agent_role,
    change_type,
    cause_stage,
    post_ready,
    events AS changes
   FROM changes c;

ALTER VIEW telemetry.v_post_ready_churn OWNER TO pylayer_owner;

COMMENT ON VIEW telemetry.v_post_ready_churn IS 'Changes of stories by day, workflow, role, kind, the stage that made them necessary and whether the story had been ready; filter by day';

COMMENT ON COLUMN telemetry.v_post_ready_churn.day IS 'Start of the day, UTC';

COMMENT ON COLUMN telemetry.v_post_ready_churn.workflow_name IS 'Workflow, or null';

COMMENT ON COLUMN telemetry.v_post_ready_churn.agent_role IS 'Role of the agent that reported it, or null';

COMMENT ON COLUMN telemetry.v_post_ready_churn.change_type IS 'Kind of change';

COMMENT ON COLUMN telemetry.v_post_ready_churn.cause_stage IS 'Stage that made it necessary';

COMMENT ON COLUMN telemetry.v_post_ready_churn.post_ready IS 'Whether the story had been ready; null where nobody said';

COMMENT ON COLUMN telemetry.v_post_ready_churn.changes IS 'Number of changes';

CREATE VIEW telemetry.v_run_summary AS
 SELECT workflow_name,
    date_bin('1 day'::interval, started_at, '2000-01-01 00:00:00+00'::timestamp with time zone) AS day,
    count(*) AS runs,
    count(*) FILTER (WHERE (outcome = 'succeeded'::text)) AS succeeded,
    count(*) FILTER (WHERE (outcome = 'failed'::text)) AS failed,
    count(*) FILTER (WHERE (outcome = 'cancelled'::text)) AS cancelled,
    count(*) FILTER (WHERE (outcome IS NULL)) AS open,
    round(((count(*) FILTER (WHERE (outcome = 'succeeded'::text)))::numeric / (NULLIF(count(*) FILTER (WHERE (outcome = ANY (ARRAY['succeeded'::text, 'failed'::text]))), 0))::numeric), 4) AS success_rate,
    (sum(steps))::bigint AS steps,
    (sum(failed_steps))::bigint AS failed_steps,
    sum(input_tokens) AS input_tokens,
    sum(output_tokens) AS output_tokens,
    sum(cost_usd) AS cost_usd,
    round(EXTRACT(epoch FROM avg((ended_at - started_at))), 3) AS mean_seconds
   FROM telemetry.run_rollups r
  GROUP BY workflow_name, (date_bin('1 day'::interval, started_at, '2000-01-01 00:00:00+00'::timestamp with time zone));

ALTER VIEW telemetry.v_run_summary OWNER TO pylayer_owner;

COMMENT ON VIEW telemetry.v_run_summary IS 'Runs by the day of their first event and workflow; filter by day';

COMMENT ON COLUMN telemetry.v_run_summary.workflow_name IS 'Workflow, or null';

COMMENT ON COLUMN telemetry.v_run_summary.day IS 'Start of the day, UTC';

COMMENT ON COLUMN telemetry.v_run_summary.runs IS 'Runs that began on that day';

COMMENT ON COLUMN telemetry.v_run_summary.succeeded IS 'Those that have succeeded';

COMMENT ON COLUMN telemetry.v_run_summary.failed IS 'Those that have failed';

COMMENT ON COLUMN telemetry.v_run_summary.cancelled IS 'Those that were cancelled';

COMMENT ON COLUMN telemetry.v_run_summary.open IS 'Those whose outcome is not known';

COMMENT ON COLUMN telemetry.v_run_summary.success_rate IS 'Share of those that succeeded among those that succeeded or failed';

COMMENT ON COLUMN telemetry.v_run_summary.steps IS 'Steps completed, failed and skipped ones included';

COMMENT ON COLUMN telemetry.v_run_summary.failed_steps IS 'Steps that failed';

COMMENT ON COLUMN telemetry.v_run_summary.input_tokens IS 'Sum, the cached ones included';

COMMENT ON COLUMN telemetry.v_run_summary.output_tokens IS 'Sum';

COMMENT ON COLUMN telemetry.v_run_summary.cost_usd IS 'Estimated cost, USD';

COMMENT ON COLUMN telemetry.v_run_summary.mean_seconds IS 'Mean time from the first event to the end, of runs that ended';

CREATE VIEW telemetry.v_step_cost AS
 WITH steps AS (
         SELECT r.grain,
            r.bucket,
            r.series_id,
            r.event_name,
            r.workflow_name,
            r.agent_role,
            r.labels,
            r.events,
            r.input_tokens,
            r.cached_input_tokens,
            r.output_tokens,
            r.cost_usd,
            r.duration_ms_sum,
            r.duration_histogram,
            (r.labels ->> 'step_name'::text) AS step_name,
            (r.labels ->> 'model'::text) AS model,
            (r.labels ->> 'status'::text) AS status
           FROM telemetry.event_rollups r
          WHERE ((r.event_name = 'workflow.step_completed'::text) AND (r.grain = 'day'::text))
        )
 SELECT bucket AS day,
    workflow_name,
    agent_role,
    step_name,
    model,
    status,
    events AS steps,
    input_tokens,
    cached_input_tokens,
    output_tokens,
    cost_usd,
    round((duration_ms_sum / (events)::numeric), 3) AS mean_ms
   FROM steps s;

ALTER VIEW telemetry.v_step_cost OWNER TO pylayer_owner;

COMMENT ON VIEW telemetry.v_step_cost IS 'Steps by day, workflow, role, step, model and status: tokens, cost, time; filter by day';

COMMENT ON COLUMN telemetry.v_step_cost.day IS 'Start of the day, UTC';

COMMENT ON COLUMN telemetry.v_step_cost.workflow_name IS 'Workflow, or null';

COMMENT ON COLUMN telemetry.v_step_cost.agent_role IS 'Role of the agent, or null';

COMMENT ON COLUMN telemetry.v_step_cost.step_name IS 'Step';

COMMENT ON COLUMN telemetry.v_step_cost.model IS 'Model, or null';

COMMENT ON COLUMN telemetry.v_step_cost.status IS 'succeeded, failed or skipped';

COMMENT ON COLUMN telemetry.v_step_cost.steps IS 'Number of steps';

COMMENT ON COLUMN telemetry.v_step_cost.input_tokens IS 'Sum, the cached ones included';

COMMENT ON COLUMN telemetry.v_step_cost.cached_input_tokens IS 'Sum';

COMMENT ON COLUMN telemetry.v_step_cost.output_tokens IS 'Sum';

COMMENT ON COLUMN telemetry.v_step_cost.cost_usd IS 'Estimated cost, USD';

COMMENT ON COLUMN telemetry.v_step_cost.mean_ms IS 'Mean duration, milliseconds';

CREATE TABLE work.artifact_links (
    artifact_id core.ulid NOT NULL,
    version integer NOT NULL,
    link_type text NOT NULL,
    item_id text,
    run_id text,
    event_id core.ulid,
    workflow_name text,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT artifact_links_fits_index CHECK ((octet_length(concat(item_id, run_id, workflow_name)) <= 2000)),
    CONSTRAINT artifact_links_has_target CHECK ((num_nonnulls(item_id, run_id, event_id, workflow_name) > 0)),
    CONSTRAINT artifact_links_item_id_check CHECK ((length(item_id) <= 500)),
    CONSTRAINT artifact_links_link_type_check CHECK ((link_type ~ '^[a-z][a-z0-9_.-]{0,62}$'::text)),
    CONSTRAINT artifact_links_run_id_check CHECK ((length(run_id) <= 500)),
    CONSTRAINT artifact_links_workflow_name_check CHECK ((length(workflow_name) <= 500))
);

ALTER TABLE work.artifact_links OWNER TO pylayer_owner;

COMMENT ON TABLE work.artifact_links IS 'What a version of an artifact has to do with: items, runs, events, workflows';

COMMENT ON COLUMN work.artifact_links.artifact_id IS 'Artifact';

COMMENT ON COLUMN work.artifact_links.version IS 'Version that is linked';

COMMENT ON COLUMN work.artifact_links.link_type IS 'Kind of link, such as produced_by';

COMMENT ON COLUMN work.artifact_links.item_id IS 'Work item, free text';

COMMENT ON COLUMN work.artifact_links.run_id IS 'Workflow run, free text';

COMMENT ON COLUMN work.artifact_links.event_id IS 'ULID of an event';

COMMENT ON COLUMN work.artifact_links.workflow_name IS 'Workflow, free text';

COMMENT ON COLUMN work.artifact_links.created_at IS 'When it was linked';

CREATE TABLE work.artifact_tombstones (
    artifact_id core.ulid NOT NULL,
    version integer NOT NULL,
    storage_key text NOT NULL,
    reason text NOT NULL,
    deleted_by text NOT NULL,
    deleted_as text,
    deleted_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    object_deleted_at timestamp with time zone,
    CONSTRAINT artifact_tombstones_reason_check CHECK (((length(reason) >= 1) AND (length(reason) <= 1000)))
);

ALTER TABLE work.artifact_tombstones OWNER TO pylayer_owner;

COMMENT ON TABLE work.artifact_tombstones IS 'Versions whose content was deleted from object storage. Never changed or removed; only object_deleted_at is set, once';

COMMENT ON COLUMN work.artifact_tombstones.artifact_id IS 'Artifact';

COMMENT ON COLUMN work.artifact_tombstones.version IS 'Version whose content was deleted';

COMMENT ON COLUMN work.artifact_tombstones.storage_key IS 'Key of the object';

COMMENT ON COLUMN work.artifact_tombstones.reason IS 'Why';

COMMENT ON COLUMN work.artifact_tombstones.deleted_by IS 'Login that deleted it';

COMMENT ON COLUMN work.artifact_tombstones.deleted_as IS 'Role that the login had set; null is its own';

COMMENT ON COLUMN work.artifact_tombstones.deleted_at IS 'When; later reads of the content are refused';

COMMENT ON COLUMN work.artifact_tombstones.object_deleted_at IS 'When object storage confirmed that the object is gone';

CREATE TABLE work.artifact_versions (
    artifact_id core.ulid NOT NULL,
    version integer NOT NULL,
    mime_type text NOT NULL,
    size_bytes bigint NOT NULL,
    content_hash text NOT NULL,
    storage_backend work.storage_backend NOT NULL,
    storage_key text,
    inline_content_text text,
    is_json_opaque boolean DEFAULT false NOT NULL,
    inline_content_json jsonb GENERATED ALWAYS AS (
CASE
    WHEN (work.is_json_mime(mime_type) AND (NOT is_json_opaque)) THEN (inline_content_text)::jsonb
    ELSE NULL::jsonb
END) STORED,
    preview_text text,
    extracted_fields jsonb,
    is_kb_ingested boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT artifact_versions_content_hash_check CHECK ((content_hash ~ '^[0-9a-f]{64}$'::text)),
    CONSTRAINT artifact_versions_extracted_fields_check CHECK ((jsonb_typeof(extracted_fields) = 'object'::text)),
    CONSTRAINT artifact_versions_mime_type_check CHECK ((length(mime_type) <= 255)),
    CONSTRAINT artifact_versions_size_bytes_check CHECK ((size_bytes >= 0)),
    CONSTRAINT artifact_versions_version_check CHECK ((version > 0)),
    CONSTRAINT content_stands_where_backend_says CHECK (
CASE storage_backend
    WHEN 'inline'::work.storage_backend THEN ((inline_content_text IS NOT NULL) AND (storage_key IS NULL) AND (size_bytes = octet_length(inline_content_text)))
    WHEN 's3'::work.storage_backend THEN ((storage_key IS NOT NULL) AND (inline_content_text IS NULL) AND (NOT is_json_opaque))
    ELSE NULL::boolean
END)
);

ALTER TABLE work.artifact_versions OWNER TO pylayer_owner;

COMMENT ON TABLE work.artifact_versions IS 'Versions of artifacts. Never changed or removed; only is_kb_ingested goes from false to true';

COMMENT ON COLUMN work.artifact_versions.artifact_id IS 'Artifact';

COMMENT ON COLUMN work.artifact_versions.version IS 'Version number, from 1; aborted uploads leave gaps';

COMMENT ON COLUMN work.artifact_versions.mime_type IS 'Mime type of the content';

COMMENT ON COLUMN work.artifact_versions.size_bytes IS 'Size of the content, bytes';

COMMENT ON COLUMN work.artifact_versions.content_hash IS 'sha256 of the exact bytes, lower-case hex';

COMMENT ON COLUMN work.artifact_versions.storage_backend IS 'inline: in inline_content_text; s3: the object at storage_key';

COMMENT ON COLUMN work.artifact_versions.storage_key IS 'Key of the object; null for inline content';

COMMENT ON COLUMN work.artifact_versions.inline_content_text IS 'Content; null for content in object storage';

COMMENT ON COLUMN work.artifact_versions.is_json_opaque IS 'Valid JSON that jsonb cannot hold, such as \u0000 or 1e400000';

COMMENT ON COLUMN work.artifact_versions.inline_content_json IS 'Inline content as a document, for JSON that jsonb can hold';

COMMENT ON COLUMN work.artifact_versions.preview_text IS 'First look at the content';

COMMENT ON COLUMN work.artifact_versions.extracted_fields IS 'Fields taken out of the content, an object';

COMMENT ON COLUMN work.artifact_versions.is_kb_ingested IS 'The knowledge base has taken it in';

COMMENT ON COLUMN work.artifact_versions.created_at IS 'When the version was made';

CREATE TABLE work.artifacts (
    artifact_id core.ulid NOT NULL,
    type text NOT NULL,
    latest_version integer DEFAULT 0 NOT NULL,
    reserved_version integer DEFAULT 0 NOT NULL,
    latest_content_hash text,
    tags jsonb,
    owner_item_id text,
    owner_run_id text,
    project_id text,
    created_at timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
    CONSTRAINT artifacts_check CHECK (((latest_version >= 0) AND (latest_version <= reserved_version))),
    CONSTRAINT artifacts_owner_item_id_check CHECK ((length(owner_item_id) <= 500)),
    CONSTRAINT artifacts_owner_run_id_check CHECK ((length(owner_run_id) <= 500)),
    CONSTRAINT artifacts_project_id_check CHECK ((length(project_id) <= 500)),
    CONSTRAINT artifacts_tags_check CHECK ((jsonb_typeof(tags) = ANY (ARRAY['object'::text, 'array'::text]))),
    CONSTRAINT artifacts_type_check CHECK ((type ~ '^[a-z][a-z0-9_.-]{0,62}$'::text))
)
WITH (fillfactor='85');

ALTER TABLE work.artifacts OWNER TO pylayer_owner;

COMMENT ON TABLE work.artifacts IS 'Artifacts: what their versions share. A row without a committed version is invisible to the API';

COMMENT ON COLUMN work.artifacts.artifact_id IS 'ULID';

COMMENT ON COLUMN work.artifacts.type IS 'Kind of artifact, such as report; part of the storage key';

COMMENT ON COLUMN work.artifacts.latest_version IS 'Greatest committed version; 0 while there is none';

COMMENT ON COLUMN work.artifacts.reserved_version IS 'Greatest version number ever given out; a number is given out once';

COMMENT ON COLUMN work.artifacts.latest_content_hash IS 'sha256 of the latest version, hex; null while there is none and once its content was deleted';

COMMENT ON COLUMN work.artifacts.tags IS 'Object or array to search by containment; null is none';

COMMENT ON COLUMN work.artifacts.owner_item_id IS 'Work item that owns it, free text';

COMMENT ON COLUMN work.artifacts.owner_run_id IS 'Workflow run that owns it, free text';

COMMENT ON COLUMN work.artifacts.project_id IS 'Project it belongs to, free text';

COMMENT ON COLUMN work.artifacts.created_at IS 'When the id was first used';

ALTER TABLE ONLY ai.models
    ADD CONSTRAINT models_pkey PRIMARY KEY (model, valid_from);

ALTER TABLE ONLY core.schema_files
    ADD CONSTRAINT schema_files_pkey PRIMARY KEY (path);

ALTER TABLE ONLY core.settings
    ADD CONSTRAINT settings_pkey PRIMARY KEY (singleton);

ALTER TABLE ONLY iam.api_keys
    ADD CONSTRAINT api_keys_key_hash_key UNIQUE (key_hash);

ALTER TABLE ONLY iam.api_keys
    ADD CONSTRAINT api_keys_pkey PRIMARY KEY (key_id);

ALTER TABLE ONLY iam.api_keys
    ADD CONSTRAINT api_keys_prefix_key UNIQUE (prefix);

ALTER TABLE ONLY telemetry.archives
    ADD CONSTRAINT archives_pkey PRIMARY KEY (month);

ALTER TABLE ONLY telemetry.archives
    ADD CONSTRAINT archives_storage_key_key UNIQUE (storage_key);

ALTER TABLE ONLY telemetry.cycle_rollups
    ADD CONSTRAINT cycle_rollups_pkey PRIMARY KEY (item_type);

ALTER TABLE ONLY telemetry.event_rollups
    ADD CONSTRAINT event_rollups_pkey PRIMARY KEY (grain, bucket, series_id);

ALTER TABLE ONLY telemetry.event_types
    ADD CONSTRAINT event_types_pkey PRIMARY KEY (event_name, event_version);

ALTER TABLE ONLY telemetry.item_rollups
    ADD CONSTRAINT item_rollups_pkey PRIMARY KEY (item_id, item_type);

ALTER TABLE ONLY telemetry.month_rollups
    ADD CONSTRAINT month_rollups_pkey PRIMARY KEY (month);

ALTER TABLE ONLY telemetry.retired_months
    ADD CONSTRAINT retired_months_pkey PRIMARY KEY (month);

ALTER TABLE ONLY telemetry.rollup_progress
    ADD CONSTRAINT rollup_progress_pkey PRIMARY KEY (singleton);

ALTER TABLE ONLY telemetry.run_rollups
    ADD CONSTRAINT run_rollups_pkey PRIMARY KEY (run_id);

ALTER TABLE ONLY telemetry.state_changes
    ADD CONSTRAINT state_changes_pkey PRIMARY KEY (item_id, item_type, ts, event_id);

ALTER TABLE ONLY telemetry.workflow_events
    ADD CONSTRAINT workflow_events_pkey PRIMARY KEY (event_id);

ALTER TABLE ONLY work.artifact_links
    ADD CONSTRAINT artifact_links_once UNIQUE NULLS NOT DISTINCT (artifact_id, version, link_type, item_id, run_id, event_id, workflow_name);

ALTER TABLE ONLY work.artifact_tombstones
    ADD CONSTRAINT artifact_tombstones_pkey PRIMARY KEY (artifact_id, version);

ALTER TABLE ONLY work.artifact_uploads
    ADD CONSTRAINT artifact_uploads_artifact_id_version_key UNIQUE (artifact_id, version);

ALTER TABLE ONLY work.artifact_uploads
    ADD CONSTRAINT artifact_uploads_pkey PRIMARY KEY (upload_id);

ALTER TABLE ONLY work.artifact_versions
    ADD CONSTRAINT artifact_versions_pkey PRIMARY KEY (artifact_id, version);

ALTER TABLE ONLY work.artifacts
    ADD CONSTRAINT artifacts_pkey PRIMARY KEY (artifact_id);

CREATE INDEX event_rollups_name_bucket ON telemetry.event_rollups USING btree (event_name, grain, bucket);

CREATE INDEX item_rollups_ended ON telemetry.item_rollups USING btree (ended_at) WHERE (ended_at IS NOT NULL);

CREATE INDEX run_rollups_started ON telemetry.run_rollups USING btree (started_at);

CREATE INDEX workflow_events_item_ts ON ONLY telemetry.workflow_events USING btree (item_id, ts);

CREATE INDEX workflow_events_name_ts ON ONLY telemetry.workflow_events USING btree (event_name, ts);

CREATE INDEX workflow_events_recorded ON ONLY telemetry.workflow_events USING btree (recorded_epoch, recorded_xid, event_id);

CREATE INDEX workflow_events_run_ts ON ONLY telemetry.workflow_events USING btree (run_id, ts);

CREATE INDEX artifact_links_event ON work.artifact_links USING btree (event_id) WHERE (event_id IS NOT NULL);

CREATE INDEX artifact_links_item ON work.artifact_links USING btree (item_id) WHERE (item_id IS NOT NULL);

CREATE INDEX artifact_links_run ON work.artifact_links USING btree (run_id) WHERE (run_id IS NOT NULL);

CREATE INDEX artifact_links_type ON work.artifact_links USING btree (link_type);

CREATE INDEX artifact_links_workflow ON work.artifact_links USING btree (workflow_name) WHERE (workflow_name IS NOT NULL);

CREATE INDEX artifact_tombstones_unconfirmed ON work.artifact_tombstones USING btree (deleted_at) WHERE (object_deleted_at IS NULL);

CREATE INDEX artifact_uploads_leftovers ON work.artifact_uploads USING btree (cleaned_at, upload_id) WHERE (state = ANY (ARRAY['unchanged'::work.upload_state, 'aborted'::work.upload_state, 'expired'::work.upload_state]));

CREATE INDEX artifact_uploads_open ON work.artifact_uploads USING btree (expires_at) WHERE (state = 'open'::work.upload_state);

CREATE INDEX artifact_versions_content_hash ON work.artifact_versions USING btree (content_hash);

CREATE INDEX artifacts_created ON work.artifacts USING btree (created_at, artifact_id);

CREATE INDEX artifacts_owner_item ON work.artifacts USING btree (owner_item_id, created_at, artifact_id) WHERE (owner_item_id IS NOT NULL);

CREATE INDEX artifacts_owner_run ON work.artifacts USING btree (owner_run_id, created_at, artifact_id) WHERE (owner_run_id IS NOT NULL);

CREATE INDEX artifacts_project ON work.artifacts USING btree (project_id, created_at, artifact_id) WHERE (project_id IS NOT NULL);

CREATE INDEX artifacts_tags ON work.artifacts USING gin (tags jsonb_path_ops) WHERE (tags IS NOT NULL);

CREATE INDEX artifacts_type_created ON work.artifacts USING btree (type, created_at, artifact_id);

CREATE TRIGGER models_immutable BEFORE DELETE OR UPDATE ON ai.models FOR EACH ROW EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE ai.models ENABLE ALWAYS TRIGGER models_immutable;

CREATE TRIGGER models_keep_all BEFORE TRUNCATE ON ai.models FOR EACH STATEMENT EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE ai.models ENABLE ALWAYS TRIGGER models_keep_all;

CREATE TRIGGER settings_guard BEFORE UPDATE ON core.settings FOR EACH ROW EXECUTE FUNCTION core.settings_guard();

ALTER TABLE core.settings ENABLE ALWAYS TRIGGER settings_guard;

CREATE TRIGGER settings_keep BEFORE DELETE ON core.settings FOR EACH ROW EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE core.settings ENABLE ALWAYS TRIGGER settings_keep;

CREATE TRIGGER settings_keep_all BEFORE TRUNCATE ON core.settings FOR EACH STATEMENT EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE core.settings ENABLE ALWAYS TRIGGER settings_keep_all;

CREATE TRIGGER api_keys_immutable BEFORE UPDATE ON iam.api_keys FOR EACH ROW WHEN (((((((((((new.key_id)::text IS DISTINCT FROM (old.key_id)::text) OR (new.name IS DISTINCT FROM old.name)) OR (new.prefix IS DISTINCT FROM old.prefix)) OR (new.key_hash IS DISTINCT FROM old.key_hash)) OR (new.role IS DISTINCT FROM old.role)) OR (new.scopes IS DISTINCT FROM old.scopes)) OR (new.created_at IS DISTINCT FROM old.created_at)) OR (new.expires_at IS DISTINCT FROM old.expires_at)) OR ((old.revoked_at IS NOT NULL) AND (new.revoked_at IS DISTINCT FROM old.revoked_at)))) EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE iam.api_keys ENABLE ALWAYS TRIGGER api_keys_immutable;

CREATE TRIGGER api_keys_keep BEFORE DELETE ON iam.api_keys FOR EACH ROW EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE iam.api_keys ENABLE ALWAYS TRIGGER api_keys_keep;

CREATE TRIGGER api_keys_keep_all BEFORE TRUNCATE ON iam.api_keys FOR EACH STATEMENT EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE iam.api_keys ENABLE ALWAYS TRIGGER api_keys_keep_all;

CREATE TRIGGER state_changes_append_only BEFORE DELETE OR UPDATE ON telemetry.state_changes FOR EACH ROW EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE telemetry.state_changes ENABLE ALWAYS TRIGGER state_changes_append_only;

CREATE TRIGGER state_changes_keep_all BEFORE TRUNCATE ON telemetry.state_changes FOR EACH STATEMENT EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE telemetry.state_changes ENABLE ALWAYS TRIGGER state_changes_keep_all;

CREATE TRIGGER workflow_events_append_only BEFORE DELETE OR UPDATE ON telemetry.workflow_events FOR EACH ROW EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE telemetry.workflow_events ENABLE ALWAYS TRIGGER workflow_events_append_only;

CREATE TRIGGER workflow_events_keep_all BEFORE TRUNCATE ON telemetry.workflow_events FOR EACH STATEMENT EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE telemetry.workflow_events ENABLE ALWAYS TRIGGER workflow_events_keep_all;

CREATE TRIGGER artifact_tombstones_immutable BEFORE UPDATE ON work.artifact_tombstones FOR EACH ROW WHEN (((old.object_deleted_at IS NOT NULL) OR (new.object_deleted_at IS NULL) OR ((((((((new.artifact_id)::text IS DISTINCT FROM (old.artifact_id)::text) OR (new.version IS DISTINCT FROM old.version)) OR (new.storage_key IS DISTINCT FROM old.storage_key)) OR (new.reason IS DISTINCT FROM old.reason)) OR (new.deleted_by IS DISTINCT FROM old.deleted_by)) OR (new.deleted_as IS DISTINCT FROM old.deleted_as)) OR (new.deleted_at IS DISTINCT FROM old.deleted_at)))) EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE work.artifact_tombstones ENABLE ALWAYS TRIGGER artifact_tombstones_immutable;

CREATE TRIGGER artifact_tombstones_keep BEFORE DELETE ON work.artifact_tombstones FOR EACH ROW EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE work.artifact_tombstones ENABLE ALWAYS TRIGGER artifact_tombstones_keep;

CREATE TRIGGER artifact_tombstones_keep_all BEFORE TRUNCATE ON work.artifact_tombstones FOR EACH STATEMENT EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE work.artifact_tombstones ENABLE ALWAYS TRIGGER artifact_tombstones_keep_all;

CREATE TRIGGER artifact_versions_immutable BEFORE UPDATE ON work.artifact_versions FOR EACH ROW WHEN ((old.is_kb_ingested OR (NOT new.is_kb_ingested) OR (((((((((((((new.artifact_id)::text IS DISTINCT FROM (old.artifact_id)::text) OR (new.version IS DISTINCT FROM old.version)) OR (new.mime_type IS DISTINCT FROM old.mime_type)) OR (new.size_bytes IS DISTINCT FROM old.size_bytes)) OR (new.content_hash IS DISTINCT FROM old.content_hash)) OR (new.storage_backend IS DISTINCT FROM old.storage_backend)) OR (new.storage_key IS DISTINCT FROM old.storage_key)) OR (new.inline_content_text IS DISTINCT FROM old.inline_content_text)) OR (new.is_json_opaque IS DISTINCT FROM old.is_json_opaque)) OR (new.preview_text IS DISTINCT FROM old.preview_text)) OR ((new.extracted_fields)::text IS DISTINCT FROM (old.extracted_fields)::text)) OR (new.created_at IS DISTINCT FROM old.created_at)))) EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE work.artifact_versions ENABLE ALWAYS TRIGGER artifact_versions_immutable;

CREATE TRIGGER artifact_versions_keep BEFORE DELETE ON work.artifact_versions FOR EACH ROW EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE work.artifact_versions ENABLE ALWAYS TRIGGER artifact_versions_keep;

CREATE TRIGGER artifact_versions_keep_all BEFORE TRUNCATE ON work.artifact_versions FOR EACH STATEMENT EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE work.artifact_versions ENABLE ALWAYS TRIGGER artifact_versions_keep_all;

CREATE TRIGGER artifacts_keep BEFORE DELETE ON work.artifacts FOR EACH ROW WHEN ((old.latest_version > 0)) EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE work.artifacts ENABLE ALWAYS TRIGGER artifacts_keep;

CREATE TRIGGER artifacts_keep_all BEFORE TRUNCATE ON work.artifacts FOR EACH STATEMENT EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE work.artifacts ENABLE ALWAYS TRIGGER artifacts_keep_all;

CREATE TRIGGER artifacts_only_grow BEFORE UPDATE ON work.artifacts FOR EACH ROW WHEN ((((new.artifact_id)::text <> (old.artifact_id)::text) OR (new.type <> old.type) OR (new.created_at <> old.created_at) OR (new.latest_version < old.latest_version) OR (new.reserved_version < old.reserved_version))) EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE work.artifacts ENABLE ALWAYS TRIGGER artifacts_only_grow;

ALTER TABLE ONLY work.artifact_links
    ADD CONSTRAINT artifact_links_artifact_id_version_fkey FOREIGN KEY (artifact_id, version) REFERENCES work.artifact_versions(artifact_id, version);

ALTER TABLE ONLY work.artifact_tombstones
    ADD CONSTRAINT artifact_tombstones_artifact_id_version_fkey FOREIGN KEY (artifact_id, version) REFERENCES work.artifact_versions(artifact_id, version);

ALTER TABLE ONLY work.artifact_uploads
    ADD CONSTRAINT artifact_uploads_artifact_id_fkey FOREIGN KEY (artifact_id) REFERENCES work.artifacts(artifact_id);

ALTER TABLE ONLY work.artifact_versions
    ADD CONSTRAINT artifact_versions_artifact_id_fkey FOREIGN KEY (artifact_id) REFERENCES work.artifacts(artifact_id);

GRANT USAGE ON SCHEMA ai TO pylayer_api;
GRANT USAGE ON SCHEMA ai TO pylayer_admin;
GRANT USAGE ON SCHEMA ai TO pylayer_agent;
GRANT USAGE ON SCHEMA ai TO pylayer_analyst;
GRANT USAGE ON SCHEMA ai TO pylayer_auditor;

GRANT USAGE ON SCHEMA core TO pylayer_api;
GRANT USAGE ON SCHEMA core TO pylayer_admin;
GRANT USAGE ON SCHEMA core TO pylayer_agent;
GRANT USAGE ON SCHEMA core TO pylayer_analyst;
GRANT USAGE ON SCHEMA core TO pylayer_auditor;

GRANT USAGE ON SCHEMA iam TO pylayer_api;
GRANT USAGE ON SCHEMA iam TO pylayer_admin;
GRANT USAGE ON SCHEMA iam TO pylayer_agent;
GRANT USAGE ON SCHEMA iam TO pylayer_analyst;
GRANT USAGE ON SCHEMA iam TO pylayer_auditor;

GRANT USAGE ON SCHEMA telemetry TO pylayer_api;
GRANT USAGE ON SCHEMA telemetry TO pylayer_admin;
GRANT USAGE ON SCHEMA telemetry TO pylayer_agent;
GRANT USAGE ON SCHEMA telemetry TO pylayer_analyst;
GRANT USAGE ON SCHEMA telemetry TO pylayer_auditor;

GRANT USAGE ON SCHEMA work TO pylayer_api;
GRANT USAGE ON SCHEMA work TO pylayer_admin;
GRANT USAGE ON SCHEMA work TO pylayer_agent;
GRANT USAGE ON SCHEMA work TO pylayer_analyst;
GRANT USAGE ON SCHEMA work TO pylayer_auditor;

REVOKE ALL ON FUNCTION ai.cost_usd_est(p_model text, p_input_tokens bigint, p_cached_input_tokens bigint, p_output_tokens bigint, p_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION ai.cost_usd_est(p_model text, p_input_tokens bigint, p_cached_input_tokens bigint, p_output_tokens bigint, p_at timestamp with time zone) TO pylayer_admin;
GRANT ALL ON FUNCTION ai.cost_usd_est(p_model text, p_input_tokens bigint, p_cached_input_tokens bigint, p_output_tokens bigint, p_at timestamp with time zone) TO pylayer_agent;
GRANT ALL ON FUNCTION ai.cost_usd_est(p_model text, p_input_tokens bigint, p_cached_input_tokens bigint, p_output_tokens bigint, p_at timestamp with time zone) TO pylayer_analyst;
GRANT ALL ON FUNCTION ai.cost_usd_est(p_model text, p_input_tokens bigint, p_cached_input_tokens bigint, p_output_tokens bigint, p_at timestamp with time zone) TO pylayer_auditor;

REVOKE ALL ON FUNCTION ai.model_prices(p_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION ai.model_prices(p_at timestamp with time zone) TO pylayer_admin;
GRANT ALL ON FUNCTION ai.model_prices(p_at timestamp with time zone) TO pylayer_agent;
GRANT ALL ON FUNCTION ai.model_prices(p_at timestamp with time zone) TO pylayer_analyst;
GRANT ALL ON FUNCTION ai.model_prices(p_at timestamp with time zone) TO pylayer_auditor;

REVOKE ALL ON FUNCTION ai.set_model_price(p_model text, p_provider text, p_input_usd_per_mtok numeric, p_output_usd_per_mtok numeric, p_valid_from timestamp with time zone, p_cached_input_usd_per_mtok numeric) FROM PUBLIC;
GRANT ALL ON FUNCTION ai.set_model_price(p_model text, p_provider text, p_input_usd_per_mtok numeric, p_output_usd_per_mtok numeric, p_valid_from timestamp with time zone, p_cached_input_usd_per_mtok numeric) TO pylayer_admin;

REVOKE ALL ON FUNCTION core.advance_epoch() FROM PUBLIC;
GRANT ALL ON FUNCTION core.advance_epoch() TO pylayer_admin;

REVOKE ALL ON FUNCTION core.crockford_8(p_bits bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION core.crockford_8(p_bits bigint) TO pylayer_api;
GRANT ALL ON FUNCTION core.crockford_8(p_bits bigint) TO pylayer_admin;
GRANT ALL ON FUNCTION core.crockford_8(p_bits bigint) TO pylayer_agent;
GRANT ALL ON FUNCTION core.crockford_8(p_bits bigint) TO pylayer_analyst;
GRANT ALL ON FUNCTION core.crockford_8(p_bits bigint) TO pylayer_auditor;

REVOKE ALL ON FUNCTION core.current_epoch() FROM PUBLIC;
GRANT ALL ON FUNCTION core.current_epoch() TO pylayer_admin;

REVOKE ALL ON FUNCTION core.forbid_mutation() FROM PUBLIC;

REVOKE ALL ON FUNCTION core.ms_time(p_ms bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION core.ms_time(p_ms bigint) TO pylayer_api;
GRANT ALL ON FUNCTION core.ms_time(p_ms bigint) TO pylayer_admin;
GRANT ALL ON FUNCTION core.ms_time(p_ms bigint) TO pylayer_agent;
GRANT ALL ON FUNCTION core.ms_time(p_ms bigint) TO pylayer_analyst;
GRANT ALL ON FUNCTION core.ms_time(p_ms bigint) TO pylayer_auditor;

REVOKE ALL ON FUNCTION core.new_ulid(p_ts timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION core.new_ulid(p_ts timestamp with time zone) TO pylayer_api;
GRANT ALL ON FUNCTION core.new_ulid(p_ts timestamp with time zone) TO pylayer_admin;
GRANT ALL ON FUNCTION core.new_ulid(p_ts timestamp with time zone) TO pylayer_agent;
GRANT ALL ON FUNCTION core.new_ulid(p_ts timestamp with time zone) TO pylayer_analyst;
GRANT ALL ON FUNCTION core.new_ulid(p_ts timestamp with time zone) TO pylayer_auditor;

REVOKE ALL ON FUNCTION core.referenced_blobs() FROM PUBLIC;
GRANT ALL ON FUNCTION core.referenced_blobs() TO pylayer_admin;

REVOKE ALL ON FUNCTION core.settings_guard() FROM PUBLIC;

REVOKE ALL ON FUNCTION core.ulid_floor(p_ts timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION core.ulid_floor(p_ts timestamp with time zone) TO pylayer_api;
GRANT ALL ON FUNCTION core.ulid_floor(p_ts timestamp with time zone) TO pylayer_admin;
GRANT ALL ON FUNCTION core.ulid_floor(p_ts timestamp with time zone) TO pylayer_agent;
GRANT ALL ON FUNCTION core.ulid_floor(p_ts timestamp with time zone) TO pylayer_analyst;
GRANT ALL ON FUNCTION core.ulid_floor(p_ts timestamp with time zone) TO pylayer_auditor;

REVOKE ALL ON FUNCTION core.ulid_ms(p_ulid text) FROM PUBLIC;
GRANT ALL ON FUNCTION core.ulid_ms(p_ulid text) TO pylayer_api;
GRANT ALL ON FUNCTION core.ulid_ms(p_ulid text) TO pylayer_admin;
GRANT ALL ON FUNCTION core.ulid_ms(p_ulid text) TO pylayer_agent;
GRANT ALL ON FUNCTION core.ulid_ms(p_ulid text) TO pylayer_analyst;
GRANT ALL ON FUNCTION core.ulid_ms(p_ulid text) TO pylayer_auditor;

REVOKE ALL ON FUNCTION core.ulid_time(p_ulid text) FROM PUBLIC;
GRANT ALL ON FUNCTION core.ulid_time(p_ulid text) TO pylayer_api;
GRANT ALL ON FUNCTION core.ulid_time(p_ulid text) TO pylayer_admin;
GRANT ALL ON FUNCTION core.ulid_time(p_ulid text) TO pylayer_agent;
GRANT ALL ON FUNCTION core.ulid_time(p_ulid text) TO pylayer_analyst;
GRANT ALL ON FUNCTION core.ulid_time(p_ulid text) TO pylayer_auditor;

REVOKE ALL ON FUNCTION iam.authenticate(p_key_hash text) FROM PUBLIC;
GRANT ALL ON FUNCTION iam.authenticate(p_key_hash text) TO pylayer_admin;
GRANT ALL ON FUNCTION iam.authenticate(p_key_hash text) TO pylayer_agent;
GRANT ALL ON FUNCTION iam.authenticate(p_key_hash text) TO pylayer_analyst;
GRANT ALL ON FUNCTION iam.authenticate(p_key_hash text) TO pylayer_auditor;

REVOKE ALL ON FUNCTION iam.check_api_key(p_name text, p_prefix text, p_key_hash text, p_role text, p_scopes text[], p_expires_at timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION iam.create_api_key(p_name text, p_prefix text, p_key_hash text, p_role text, p_scopes text[], p_expires_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION iam.create_api_key(p_name text, p_prefix text, p_key_hash text, p_role text, p_scopes text[], p_expires_at timestamp with time zone) TO pylayer_admin;

REVOKE ALL ON FUNCTION iam.has_api_keys() FROM PUBLIC;
GRANT ALL ON FUNCTION iam.has_api_keys() TO pylayer_admin;
GRANT ALL ON FUNCTION iam.has_api_keys() TO pylayer_agent;
GRANT ALL ON FUNCTION iam.has_api_keys() TO pylayer_analyst;
GRANT ALL ON FUNCTION iam.has_api_keys() TO pylayer_auditor;

REVOKE ALL ON FUNCTION iam.list_api_keys(p_include_revoked boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION iam.list_api_keys(p_include_revoked boolean) TO pylayer_admin;

REVOKE ALL ON FUNCTION iam.revoke_api_key(p_key text) FROM PUBLIC;
GRANT ALL ON FUNCTION iam.revoke_api_key(p_key text) TO pylayer_admin;

REVOKE ALL ON FUNCTION iam.role_scopes(p_role text) FROM PUBLIC;

GRANT ALL ON FUNCTION partman.apply_cluster(p_parent_schema text, p_parent_tablename text, p_child_schema text, p_child_tablename text) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.apply_constraints(p_parent_table text, p_child_table text, p_analyze boolean, p_job_id bigint) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.apply_privileges(p_parent_schema text, p_parent_tablename text, p_child_schema text, p_child_tablename text, p_job_id bigint) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.autovacuum_off(p_parent_schema text, p_parent_tablename text, p_source_schema text, p_source_tablename text) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.autovacuum_reset(p_parent_schema text, p_parent_tablename text, p_source_schema text, p_source_tablename text) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.calculate_time_partition_info(p_time_interval interval, p_start_time timestamp with time zone, p_date_trunc_interval text, OUT base_timestamp timestamp with time zone, OUT datetime_string text) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.check_automatic_maintenance_value(p_automatic_maintenance text) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.check_control_type(p_parent_schema text, p_parent_tablename text, p_control text) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.check_default(p_exact_count boolean, p_ignore_infinity boolean) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.check_epoch_type(p_type text) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.check_name_length(p_object_name text, p_suffix text, p_table_partition boolean) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.check_partition_type(p_type text) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.check_subpart_sameconfig(p_parent_table text) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.check_subpartition_limits(p_parent_table text, p_type text, OUT sub_min text, OUT sub_max text) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.config_cleanup(p_parent_table text, p_config_table boolean, p_config_sub_table boolean, p_template_table boolean) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.create_parent(p_parent_table text, p_control text, p_interval text, p_type text, p_epoch text, p_premake integer, p_start_partition text, p_default_table boolean, p_automatic_maintenance text, p_constraint_cols text[], p_template_table text, p_jobmon boolean, p_date_trunc_interval text, p_control_not_null boolean, p_time_encoder text, p_time_decoder text, p_offset_id bigint) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.create_partition(p_parent_table text, p_control text, p_interval text, p_type text, p_epoch text, p_premake integer, p_start_partition text, p_default_table boolean, p_automatic_maintenance text, p_constraint_cols text[], p_template_table text, p_jobmon boolean, p_date_trunc_interval text, p_control_not_null boolean, p_time_encoder text, p_time_decoder text, p_offset_id bigint) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.create_partition_id(p_parent_table text, p_partition_ids bigint[], p_start_partition text) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.create_partition_time(p_parent_table text, p_partition_times timestamp with time zone[], p_start_partition text) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.create_sub_parent(p_top_parent text, p_control text, p_interval text, p_type text, p_default_table boolean, p_declarative_check text, p_constraint_cols text[], p_premake integer, p_start_partition text, p_epoch text, p_jobmon boolean, p_date_trunc_interval text, p_control_not_null boolean, p_time_encoder text, p_time_decoder text) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.create_sub_partition(p_top_parent text, p_control text, p_interval text, p_type text, p_default_table boolean, p_declarative_check text, p_constraint_cols text[], p_premake integer, p_start_partition text, p_epoch text, p_jobmon boolean, p_date_trunc_interval text, p_control_not_null boolean, p_time_encoder text, p_time_decoder text) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.drop_constraints(p_parent_table text, p_child_table text, p_debug boolean) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.drop_partition_id(p_parent_table text, p_retention bigint, p_keep_table boolean, p_keep_index boolean, p_retention_schema text) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.drop_partition_time(p_parent_table text, p_retention interval, p_keep_table boolean, p_keep_index boolean, p_retention_schema text, p_reference_timestamp timestamp with time zone) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.dump_partitioned_table_definition(p_parent_table text, p_ignore_template_table boolean) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.inherit_parent_properties(p_parent_schema text, p_parent_tablename text, p_child_tablename text, p_child_schema text) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.inherit_replica_identity(p_parent_schemaname text, p_parent_tablename text, p_child_tablename text) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.inherit_template_properties(p_parent_table text, p_child_schema text, p_child_tablename text) TO pylayer_owner;

GRANT ALL ON PROCEDURE partman.partition_data_async(IN p_parent_table text, IN p_loop_count integer, IN p_interval text, IN p_lock_wait integer, IN p_lock_wait_tries integer, IN p_wait integer, IN p_order text, IN p_ignored_columns text[], IN p_quiet boolean) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.partition_data_id(p_parent_table text, p_batch_count integer, p_batch_interval bigint, p_lock_wait numeric, p_order text, p_analyze boolean, p_source_table text, p_ignored_columns text[], p_override_system_value boolean) TO pylayer_owner;

GRANT ALL ON PROCEDURE partman.partition_data_proc(IN p_parent_table text, IN p_loop_count integer, IN p_interval text, IN p_lock_wait integer, IN p_lock_wait_tries integer, IN p_wait integer, IN p_order text, IN p_source_table text, IN p_ignored_columns text[], IN p_quiet boolean, IN p_ignore_infinity boolean) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.partition_data_time(p_parent_table text, p_batch_count integer, p_batch_interval interval, p_lock_wait numeric, p_order text, p_analyze boolean, p_source_table text, p_ignored_columns text[], p_override_system_value boolean, p_ignore_infinity boolean) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.partition_gap_fill(p_parent_table text) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.partman_safe_obj_name(p_object_name text) TO pylayer_owner;

GRANT ALL ON PROCEDURE partman.reapply_constraints_proc(IN p_parent_table text, IN p_drop_constraints boolean, IN p_apply_constraints boolean, IN p_analyze boolean, IN p_wait integer, IN p_dryrun boolean) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.reapply_privileges(p_parent_table text) TO pylayer_owner;

GRANT ALL ON PROCEDURE partman.run_analyze(IN p_skip_locked boolean, IN p_quiet boolean, IN p_parent_table text) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.run_maintenance(p_parent_table text, p_analyze boolean, p_jobmon boolean) TO pylayer_owner;

GRANT ALL ON PROCEDURE partman.run_maintenance_proc(IN p_wait integer, IN p_analyze boolean, IN p_jobmon boolean) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.show_partition_info(p_child_table text, p_partition_interval text, p_parent_table text, p_table_exists boolean, OUT child_start_time timestamp with time zone, OUT child_end_time timestamp with time zone, OUT child_start_id bigint, OUT child_end_id bigint, OUT suffix text) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.show_partition_name(p_parent_table text, p_value text, OUT partition_schema text, OUT partition_table text, OUT suffix_timestamp timestamp with time zone, OUT suffix_id bigint, OUT table_exists boolean) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.show_partitions(p_parent_table text, p_order text, p_include_default boolean) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.stop_sub_partition(p_parent_table text, p_jobmon boolean) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.undo_partition(p_parent_table text, p_target_table text, p_loop_count integer, p_batch_interval text, p_keep_table boolean, p_lock_wait numeric, p_ignored_columns text[], p_drop_cascade boolean, OUT partitions_undone integer, OUT rows_undone bigint) TO pylayer_owner;

GRANT ALL ON PROCEDURE partman.undo_partition_proc(IN p_parent_table text, IN p_target_table text, IN p_loop_count integer, IN p_interval text, IN p_keep_table boolean, IN p_lock_wait integer, IN p_lock_wait_tries integer, IN p_wait integer, IN p_ignored_columns text[], IN p_drop_cascade boolean, IN p_quiet boolean) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.uuid7_time_decoder(uuidv7 text) TO pylayer_owner;

GRANT ALL ON FUNCTION partman.uuid7_time_encoder(ts timestamp with time zone) TO pylayer_owner;

REVOKE ALL ON FUNCTION telemetry.archive_key(p_month timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.archive_key(p_month timestamp with time zone) TO pylayer_owner;
GRANT ALL ON FUNCTION telemetry.archive_key(p_month timestamp with time zone) TO pylayer_admin;

REVOKE ALL ON FUNCTION telemetry.attach_month(p_month timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.attach_month(p_month timestamp with time zone) TO pylayer_admin;

REVOKE ALL ON FUNCTION telemetry.begin_restore(p_month timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.begin_restore(p_month timestamp with time zone) TO pylayer_admin;

REVOKE ALL ON FUNCTION telemetry.check_events(p_events jsonb, p_floor text, p_ceiling timestamp with time zone, p_max_skew interval, p_max_bytes integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.check_retention_step(p_month timestamp with time zone, p_step text) FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.confirm_archive(p_month timestamp with time zone, p_rows bigint, p_content_hash text, p_min_event_id text, p_max_event_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.confirm_archive(p_month timestamp with time zone, p_rows bigint, p_content_hash text, p_min_event_id text, p_max_event_id text) TO pylayer_admin;

REVOKE ALL ON FUNCTION telemetry.contract_problem(p_contract jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.contract_problem(p_contract jsonb) TO pylayer_api;

REVOKE ALL ON FUNCTION telemetry.contract_validator(p_contract jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.contract_validator(p_contract jsonb) TO pylayer_api;

REVOKE ALL ON FUNCTION telemetry.contract_violation(p_contract jsonb, p_payload jsonb) FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.count_cycles(p_item_types text[], p_seconds numeric[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.count_events(p_batch telemetry.counted_event[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.count_items(p_batch telemetry.counted_event[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.count_runs(p_batch telemetry.counted_event[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.cycle_bounds_seconds() FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.cycle_bounds_seconds() TO pylayer_api;
GRANT ALL ON FUNCTION telemetry.cycle_bounds_seconds() TO pylayer_admin;
GRANT ALL ON FUNCTION telemetry.cycle_bounds_seconds() TO pylayer_analyst;
GRANT ALL ON FUNCTION telemetry.cycle_bounds_seconds() TO pylayer_auditor;

REVOKE ALL ON FUNCTION telemetry.drop_month(p_month timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.drop_month(p_month timestamp with time zone) TO pylayer_admin;

REVOKE ALL ON FUNCTION telemetry.duration_bounds_ms() FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.duration_bounds_ms() TO pylayer_api;
GRANT ALL ON FUNCTION telemetry.duration_bounds_ms() TO pylayer_admin;
GRANT ALL ON FUNCTION telemetry.duration_bounds_ms() TO pylayer_analyst;
GRANT ALL ON FUNCTION telemetry.duration_bounds_ms() TO pylayer_auditor;

REVOKE ALL ON FUNCTION telemetry.duration_bucket(p_ms numeric) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.duration_bucket(p_ms numeric) TO pylayer_api;
GRANT ALL ON FUNCTION telemetry.duration_bucket(p_ms numeric) TO pylayer_admin;
GRANT ALL ON FUNCTION telemetry.duration_bucket(p_ms numeric) TO pylayer_analyst;
GRANT ALL ON FUNCTION telemetry.duration_bucket(p_ms numeric) TO pylayer_auditor;

REVOKE ALL ON FUNCTION telemetry.events_between(p_from timestamp with time zone, p_to timestamp with time zone, p_event_name text, p_run_id text, p_item_id text, p_workflow_name text, p_agent_role text, p_project_id text, p_limit integer, p_after text) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.events_between(p_from timestamp with time zone, p_to timestamp with time zone, p_event_name text, p_run_id text, p_item_id text, p_workflow_name text, p_agent_role text, p_project_id text, p_limit integer, p_after text) TO pylayer_agent;
GRANT ALL ON FUNCTION telemetry.events_between(p_from timestamp with time zone, p_to timestamp with time zone, p_event_name text, p_run_id text, p_item_id text, p_workflow_name text, p_agent_role text, p_project_id text, p_limit integer, p_after text) TO pylayer_admin;
GRANT ALL ON FUNCTION telemetry.events_between(p_from timestamp with time zone, p_to timestamp with time zone, p_event_name text, p_run_id text, p_item_id text, p_workflow_name text, p_agent_role text, p_project_id text, p_limit integer, p_after text) TO pylayer_analyst;

REVOKE ALL ON FUNCTION telemetry.finish_restore(p_month timestamp with time zone, p_days integer) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.finish_restore(p_month timestamp with time zone, p_days integer) TO pylayer_admin;

REVOKE ALL ON FUNCTION telemetry.fold_ingest_counts(OUT duplicates bigint, OUT conflicts bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.fold_ingest_counts(OUT duplicates bigint, OUT conflicts bigint) TO pylayer_admin;

REVOKE ALL ON FUNCTION telemetry.forbid_late_insert() FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.given_ts(p_ts text) FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.guard_month(p_table regclass) FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.guard_new_partitions() FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.guard_partitions() FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.has_month(p_id_ts timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.has_month(p_id_ts timestamp with time zone) TO pylayer_owner;

REVOKE ALL ON FUNCTION telemetry.id_octets_ms(p_octets bytea, p_digits bytea) FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.ingest_event(p_event jsonb, OUT event_id text, OUT status text) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.ingest_event(p_event jsonb, OUT event_id text, OUT status text) TO pylayer_agent;
GRANT ALL ON FUNCTION telemetry.ingest_event(p_event jsonb, OUT event_id text, OUT status text) TO pylayer_admin;

REVOKE ALL ON FUNCTION telemetry.ingest_events(p_events jsonb, p_on_error text) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.ingest_events(p_events jsonb, p_on_error text) TO pylayer_agent;
GRANT ALL ON FUNCTION telemetry.ingest_events(p_events jsonb, p_on_error text) TO pylayer_admin;

REVOKE ALL ON FUNCTION telemetry.is_storable(p_doc jsonb, p_event_id text, p_id_ts timestamp with time zone, p_ts timestamp with time zone, p_validator jsonpath, p_long_contract jsonb, p_floor text, p_ceiling timestamp with time zone, p_max_skew interval, p_max_bytes integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.label_keys(p_event_name text) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.label_keys(p_event_name text) TO pylayer_admin;
GRANT ALL ON FUNCTION telemetry.label_keys(p_event_name text) TO pylayer_analyst;
GRANT ALL ON FUNCTION telemetry.label_keys(p_event_name text) TO pylayer_auditor;

REVOKE ALL ON FUNCTION telemetry.list_archives(p_month timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.list_archives(p_month timestamp with time zone) TO pylayer_admin;
GRANT ALL ON FUNCTION telemetry.list_archives(p_month timestamp with time zone) TO pylayer_analyst;
GRANT ALL ON FUNCTION telemetry.list_archives(p_month timestamp with time zone) TO pylayer_auditor;

REVOKE ALL ON FUNCTION telemetry.make_months(p_months timestamp with time zone[]) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.make_months(p_months timestamp with time zone[]) TO pylayer_api;

REVOKE ALL ON FUNCTION telemetry.make_months_ahead(p_months integer) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.make_months_ahead(p_months integer) TO pylayer_admin;

REVOKE ALL ON FUNCTION telemetry.metric_totals() FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.metric_totals() TO pylayer_agent;
GRANT ALL ON FUNCTION telemetry.metric_totals() TO pylayer_admin;
GRANT ALL ON FUNCTION telemetry.metric_totals() TO pylayer_analyst;

GRANT SELECT,INSERT ON TABLE telemetry.workflow_events TO pylayer_api;
GRANT SELECT ON TABLE telemetry.workflow_events TO pylayer_admin;
GRANT SELECT ON TABLE telemetry.workflow_events TO pylayer_analyst;
GRANT SELECT ON TABLE telemetry.workflow_events TO pylayer_auditor;

REVOKE ALL ON FUNCTION telemetry.month_events(p_month timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.month_events(p_month timestamp with time zone) TO pylayer_admin;

REVOKE ALL ON FUNCTION telemetry.month_partition(p_ts timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.month_tables() FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.month_tables() TO pylayer_owner;

REVOKE ALL ON FUNCTION telemetry.next_events(p_epoch integer, p_xid bigint, p_event_id text, p_horizon bigint, p_limit integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.note_open_month(p_id_ts timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.open_backfill(p_from timestamp with time zone, p_to timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.open_backfill(p_from timestamp with time zone, p_to timestamp with time zone) TO pylayer_admin;

REVOKE ALL ON FUNCTION telemetry.partition_name(p_id_ts timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.partition_name(p_id_ts timestamp with time zone) TO pylayer_owner;

REVOKE ALL ON FUNCTION telemetry.payload_number(p_payload jsonb, p_key text) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.payload_number(p_payload jsonb, p_key text) TO pylayer_admin;
GRANT ALL ON FUNCTION telemetry.payload_number(p_payload jsonb, p_key text) TO pylayer_analyst;

REVOKE ALL ON FUNCTION telemetry.raise_refusal(p_position integer, p_event_id text, p_reason text, p_detail text) FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.raise_retention_floor() FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.raise_retention_floor() TO pylayer_admin;

REVOKE ALL ON FUNCTION telemetry.record_archive(p_month timestamp with time zone, p_rows bigint, p_size_bytes bigint, p_content_hash text, p_min_event_id text, p_max_event_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.record_archive(p_month timestamp with time zone, p_rows bigint, p_size_bytes bigint, p_content_hash text, p_min_event_id text, p_max_event_id text) TO pylayer_admin;

REVOKE ALL ON FUNCTION telemetry.refresh_rollups(p_limit integer, OUT events bigint, OUT behind boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.refresh_rollups(p_limit integer, OUT events bigint, OUT behind boolean) TO pylayer_admin;

REVOKE ALL ON FUNCTION telemetry.refusal(p_reason text, OUT code text, OUT message text, OUT hint text) FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.refusal_reason(p_doc jsonb, p_floor text, p_ceiling timestamp with time zone, p_max_skew interval, p_max_bytes integer, OUT reason text, OUT detail text) FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.register_event_type(p_event_name text, p_contract jsonb, p_event_version integer, p_description text, OUT event_name text, OUT event_version integer, OUT created boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.register_event_type(p_event_name text, p_contract jsonb, p_event_version integer, p_description text, OUT event_name text, OUT event_version integer, OUT created boolean) TO pylayer_admin;

REVOKE ALL ON FUNCTION telemetry.restore_events(p_month timestamp with time zone, p_rows jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.restore_events(p_month timestamp with time zone, p_rows jsonb) TO pylayer_admin;

REVOKE ALL ON FUNCTION telemetry.restoring_table(p_month timestamp with time zone) FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.retention_floor() FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.retention_floor() TO pylayer_admin;
GRANT ALL ON FUNCTION telemetry.retention_floor() TO pylayer_agent;
GRANT ALL ON FUNCTION telemetry.retention_floor() TO pylayer_analyst;
GRANT ALL ON FUNCTION telemetry.retention_floor() TO pylayer_auditor;

REVOKE ALL ON FUNCTION telemetry.retention_status(OUT months_ahead integer, OUT oldest_month timestamp with time zone, OUT retention_floor timestamp with time zone, OUT waiting_months integer, OUT overdue_months integer) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.retention_status(OUT months_ahead integer, OUT oldest_month timestamp with time zone, OUT retention_floor timestamp with time zone, OUT waiting_months integer, OUT overdue_months integer) TO pylayer_admin;
GRANT ALL ON FUNCTION telemetry.retention_status(OUT months_ahead integer, OUT oldest_month timestamp with time zone, OUT retention_floor timestamp with time zone, OUT waiting_months integer, OUT overdue_months integer) TO pylayer_analyst;
GRANT ALL ON FUNCTION telemetry.retention_status(OUT months_ahead integer, OUT oldest_month timestamp with time zone, OUT retention_floor timestamp with time zone, OUT waiting_months integer, OUT overdue_months integer) TO pylayer_auditor;

REVOKE ALL ON FUNCTION telemetry.retention_steps() FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.retention_steps() TO pylayer_owner;
GRANT ALL ON FUNCTION telemetry.retention_steps() TO pylayer_admin;
GRANT ALL ON FUNCTION telemetry.retention_steps() TO pylayer_analyst;
GRANT ALL ON FUNCTION telemetry.retention_steps() TO pylayer_auditor;

REVOKE ALL ON FUNCTION telemetry.run_timeline(p_run_id text, p_limit integer, p_after_ts timestamp with time zone, p_after_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.run_timeline(p_run_id text, p_limit integer, p_after_ts timestamp with time zone, p_after_id text) TO pylayer_agent;
GRANT ALL ON FUNCTION telemetry.run_timeline(p_run_id text, p_limit integer, p_after_ts timestamp with time zone, p_after_id text) TO pylayer_admin;
GRANT ALL ON FUNCTION telemetry.run_timeline(p_run_id text, p_limit integer, p_after_ts timestamp with time zone, p_after_id text) TO pylayer_analyst;

REVOKE ALL ON FUNCTION telemetry.seal_month(p_month timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.seal_month(p_month timestamp with time zone) TO pylayer_admin;

REVOKE ALL ON FUNCTION telemetry.settle_batch(p_batch telemetry.checked_event[], p_created text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.settle_items(p_item_ids text[], p_item_types text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.snapshot_horizon(OUT epoch integer, OUT xid bigint, OUT next_xid bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.snapshot_horizon(OUT epoch integer, OUT xid bigint, OUT next_xid bigint) TO pylayer_admin;
GRANT ALL ON FUNCTION telemetry.snapshot_horizon(OUT epoch integer, OUT xid bigint, OUT next_xid bigint) TO pylayer_analyst;

REVOKE ALL ON FUNCTION telemetry.state_changed_event(p_item_type text, p_item_id text, p_from_state text, p_to_state text, p_run_id text, p_workflow_name text, p_agent_role text, p_project_id text, p_reason text, p_actor text, p_time_in_state_seconds double precision) FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.state_facts(p_item_ids text[], p_item_types text[]) FROM PUBLIC;

REVOKE ALL ON FUNCTION telemetry.state_outcome(p_state text) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.state_outcome(p_state text) TO pylayer_admin;
GRANT ALL ON FUNCTION telemetry.state_outcome(p_state text) TO pylayer_analyst;
GRANT ALL ON FUNCTION telemetry.state_outcome(p_state text) TO pylayer_auditor;

REVOKE ALL ON FUNCTION telemetry.training_agent_events(p_from timestamp with time zone, p_to timestamp with time zone, p_epoch integer, p_xid bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.training_agent_events(p_from timestamp with time zone, p_to timestamp with time zone, p_epoch integer, p_xid bigint) TO pylayer_admin;
GRANT ALL ON FUNCTION telemetry.training_agent_events(p_from timestamp with time zone, p_to timestamp with time zone, p_epoch integer, p_xid bigint) TO pylayer_analyst;

REVOKE ALL ON FUNCTION telemetry.training_workflow_data(p_from timestamp with time zone, p_to timestamp with time zone, p_epoch integer, p_xid bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION telemetry.training_workflow_data(p_from timestamp with time zone, p_to timestamp with time zone, p_epoch integer, p_xid bigint) TO pylayer_admin;
GRANT ALL ON FUNCTION telemetry.training_workflow_data(p_from timestamp with time zone, p_to timestamp with time zone, p_epoch integer, p_xid bigint) TO pylayer_analyst;

REVOKE ALL ON FUNCTION work.abort_open_uploads() FROM PUBLIC;
GRANT ALL ON FUNCTION work.abort_open_uploads() TO pylayer_admin;

REVOKE ALL ON FUNCTION work.abort_upload(p_upload_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.abort_upload(p_upload_id text) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.artifact_storage_key(p_type text, p_artifact_id text, p_version integer, p_content_hash text, p_mime_type text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.artifact_storage_key(p_type text, p_artifact_id text, p_version integer, p_content_hash text, p_mime_type text) TO pylayer_admin;
GRANT ALL ON FUNCTION work.artifact_storage_key(p_type text, p_artifact_id text, p_version integer, p_content_hash text, p_mime_type text) TO pylayer_agent;
GRANT ALL ON FUNCTION work.artifact_storage_key(p_type text, p_artifact_id text, p_version integer, p_content_hash text, p_mime_type text) TO pylayer_analyst;
GRANT ALL ON FUNCTION work.artifact_storage_key(p_type text, p_artifact_id text, p_version integer, p_content_hash text, p_mime_type text) TO pylayer_auditor;

REVOKE ALL ON FUNCTION work.begin_upload(p_size_bytes bigint, p_content_hash text, p_mime_type text, p_type text, p_artifact_id text, p_expected_version integer, p_preview_text text, p_extracted_fields jsonb, p_tags jsonb, p_owner_item_id text, p_owner_run_id text, p_project_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.begin_upload(p_size_bytes bigint, p_content_hash text, p_mime_type text, p_type text, p_artifact_id text, p_expected_version integer, p_preview_text text, p_extracted_fields jsonb, p_tags jsonb, p_owner_item_id text, p_owner_run_id text, p_project_id text) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.check_artifact_fields(p_artifact_id text, p_type text, p_mime_type text, p_preview_text text, p_extracted_fields jsonb, p_tags jsonb, p_owner_item_id text, p_owner_run_id text, p_project_id text) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.check_content_hash(p_content_hash text) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.check_expected_version(p_expected_version integer, p_latest_version integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.check_limit(p_limit integer, p_greatest integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.commit_upload(p_upload_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.commit_upload(p_upload_id text) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.confirm_blob_deleted(p_artifact_id text, p_version integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.confirm_blob_deleted(p_artifact_id text, p_version integer) TO pylayer_admin;

REVOKE ALL ON FUNCTION work.create_artifact(p_type text, p_content text, p_mime_type text, p_artifact_id text, p_expected_version integer, p_content_hash text, p_preview_text text, p_extracted_fields jsonb, p_tags jsonb, p_owner_item_id text, p_owner_run_id text, p_project_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.create_artifact(p_type text, p_content text, p_mime_type text, p_artifact_id text, p_expected_version integer, p_content_hash text, p_preview_text text, p_extracted_fields jsonb, p_tags jsonb, p_owner_item_id text, p_owner_run_id text, p_project_id text) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.create_version(p_artifact_id text, p_content text, p_mime_type text, p_expected_version integer, p_content_hash text, p_preview_text text, p_extracted_fields jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION work.create_version(p_artifact_id text, p_content text, p_mime_type text, p_expected_version integer, p_content_hash text, p_preview_text text, p_extracted_fields jsonb) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.delete_blob(p_artifact_id text, p_version integer, p_reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.delete_blob(p_artifact_id text, p_version integer, p_reason text) TO pylayer_admin;

REVOKE ALL ON FUNCTION work.expired_uploads(p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.expired_uploads(p_limit integer) TO pylayer_admin;

REVOKE ALL ON FUNCTION work.finish_upload(p_upload_id text, p_state work.upload_state, p_result_version integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.get_artifact(p_artifact_id text, p_version integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.get_artifact(p_artifact_id text, p_version integer) TO pylayer_agent;
GRANT ALL ON FUNCTION work.get_artifact(p_artifact_id text, p_version integer) TO pylayer_analyst;
GRANT ALL ON FUNCTION work.get_artifact(p_artifact_id text, p_version integer) TO pylayer_auditor;

REVOKE ALL ON FUNCTION work.get_content(p_artifact_id text, p_version integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.get_content(p_artifact_id text, p_version integer) TO pylayer_agent;
GRANT ALL ON FUNCTION work.get_content(p_artifact_id text, p_version integer) TO pylayer_analyst;
GRANT ALL ON FUNCTION work.get_content(p_artifact_id text, p_version integer) TO pylayer_auditor;

REVOKE ALL ON FUNCTION work.inline_content_hash(p_content text, p_content_hash text) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.is_json_mime(p_mime_type text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.is_json_mime(p_mime_type text) TO pylayer_api;
GRANT ALL ON FUNCTION work.is_json_mime(p_mime_type text) TO pylayer_admin;
GRANT ALL ON FUNCTION work.is_json_mime(p_mime_type text) TO pylayer_agent;
GRANT ALL ON FUNCTION work.is_json_mime(p_mime_type text) TO pylayer_analyst;
GRANT ALL ON FUNCTION work.is_json_mime(p_mime_type text) TO pylayer_auditor;

REVOKE ALL ON FUNCTION work.is_opaque_json(p_content text) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.link_artifact(p_artifact_id text, p_link_type text, p_version integer, p_item_id text, p_run_id text, p_event_id text, p_workflow_name text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.link_artifact(p_artifact_id text, p_link_type text, p_version integer, p_item_id text, p_run_id text, p_event_id text, p_workflow_name text) TO pylayer_agent;

REVOKE ALL ON FUNCTION work.list_artifacts(p_type text, p_owner_item_id text, p_owner_run_id text, p_project_id text, p_tags jsonb, p_limit integer, p_after text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.list_artifacts(p_type text, p_owner_item_id text, p_owner_run_id text, p_project_id text, p_tags jsonb, p_limit integer, p_after text) TO pylayer_agent;
GRANT ALL ON FUNCTION work.list_artifacts(p_type text, p_owner_item_id text, p_owner_run_id text, p_project_id text, p_tags jsonb, p_limit integer, p_after text) TO pylayer_analyst;
GRANT ALL ON FUNCTION work.list_artifacts(p_type text, p_owner_item_id text, p_owner_run_id text, p_project_id text, p_tags jsonb, p_limit integer, p_after text) TO pylayer_auditor;

REVOKE ALL ON FUNCTION work.list_versions(p_artifact_id text, p_limit integer, p_before integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.list_versions(p_artifact_id text, p_limit integer, p_before integer) TO pylayer_agent;
GRANT ALL ON FUNCTION work.list_versions(p_artifact_id text, p_limit integer, p_before integer) TO pylayer_analyst;
GRANT ALL ON FUNCTION work.list_versions(p_artifact_id text, p_limit integer, p_before integer) TO pylayer_auditor;

REVOKE ALL ON FUNCTION work.lock_artifact(p_artifact_id text, p_type text, p_expected_version integer, OUT type text, OUT latest_version integer, OUT reserved_version integer, OUT latest_content_hash text) FROM PUBLIC;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE work.artifact_uploads TO pylayer_api;
GRANT SELECT ON TABLE work.artifact_uploads TO pylayer_admin;
GRANT SELECT ON TABLE work.artifact_uploads TO pylayer_analyst;
GRANT SELECT ON TABLE work.artifact_uploads TO pylayer_auditor;

REVOKE ALL ON FUNCTION work.lock_upload(p_upload_id text, p_missing_ok boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.record_upload_cleanup(p_upload_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.record_upload_cleanup(p_upload_id text) TO pylayer_admin;

REVOKE ALL ON FUNCTION work.refuse_missing(p_artifact_id text, p_version integer) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.set_artifact_fields(p_artifact_id text, p_tags jsonb, p_owner_item_id text, p_owner_run_id text, p_project_id text) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.undeleted_blobs(p_limit integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.undeleted_blobs(p_limit integer) TO pylayer_admin;

REVOKE ALL ON FUNCTION work.version_of(p_artifact_id text, p_version integer, p_created boolean) FROM PUBLIC;

REVOKE ALL ON FUNCTION work.write_inline(p_artifact_id text, p_type text, p_content text, p_mime_type text, p_expected_version integer, p_content_hash text, p_preview_text text, p_extracted_fields jsonb, p_tags jsonb, p_owner_item_id text, p_owner_run_id text, p_project_id text) FROM PUBLIC;

GRANT SELECT,INSERT ON TABLE ai.models TO pylayer_api;
GRANT SELECT ON TABLE ai.models TO pylayer_admin;
GRANT SELECT ON TABLE ai.models TO pylayer_analyst;
GRANT SELECT ON TABLE ai.models TO pylayer_auditor;

GRANT SELECT ON TABLE core.schema_files TO pylayer_api;
GRANT SELECT ON TABLE core.schema_files TO pylayer_admin;
GRANT SELECT ON TABLE core.schema_files TO pylayer_analyst;
GRANT SELECT ON TABLE core.schema_files TO pylayer_auditor;

GRANT SELECT,UPDATE ON TABLE core.settings TO pylayer_api;
GRANT SELECT ON TABLE core.settings TO pylayer_admin;
GRANT SELECT ON TABLE core.settings TO pylayer_analyst;
GRANT SELECT ON TABLE core.settings TO pylayer_auditor;

GRANT UPDATE(inline_limit_bytes) ON TABLE core.settings TO pylayer_admin;

GRANT UPDATE(max_event_bytes) ON TABLE core.settings TO pylayer_admin;

GRANT UPDATE(max_batch_events) ON TABLE core.settings TO pylayer_admin;

GRANT UPDATE(max_ts_skew) ON TABLE core.settings TO pylayer_admin;

GRANT UPDATE(max_clock_ahead) ON TABLE core.settings TO pylayer_admin;

GRANT UPDATE(months_ahead) ON TABLE core.settings TO pylayer_admin;

GRANT UPDATE(retention_days) ON TABLE core.settings TO pylayer_admin;

GRANT UPDATE(upload_ttl) ON TABLE core.settings TO pylayer_admin;

GRANT UPDATE(upload_grace) ON TABLE core.settings TO pylayer_admin;

GRANT UPDATE(archive_enabled) ON TABLE core.settings TO pylayer_admin;

GRANT UPDATE(retention_grace) ON TABLE core.settings TO pylayer_admin;

GRANT SELECT,INSERT ON TABLE iam.api_keys TO pylayer_api;

GRANT UPDATE(revoked_at) ON TABLE iam.api_keys TO pylayer_api;

GRANT UPDATE(last_used_at) ON TABLE iam.api_keys TO pylayer_api;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE partman.part_config TO pylayer_owner;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE partman.part_config_sub TO pylayer_owner;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE partman.table_privs TO pylayer_owner;

GRANT SELECT,INSERT,UPDATE ON TABLE telemetry.archives TO pylayer_api;
GRANT SELECT ON TABLE telemetry.archives TO pylayer_admin;
GRANT SELECT ON TABLE telemetry.archives TO pylayer_analyst;
GRANT SELECT ON TABLE telemetry.archives TO pylayer_auditor;

GRANT SELECT,INSERT,UPDATE ON TABLE telemetry.cycle_rollups TO pylayer_api;
GRANT SELECT ON TABLE telemetry.cycle_rollups TO pylayer_admin;
GRANT SELECT ON TABLE telemetry.cycle_rollups TO pylayer_analyst;
GRANT SELECT ON TABLE telemetry.cycle_rollups TO pylayer_auditor;

GRANT SELECT,INSERT,UPDATE ON TABLE telemetry.event_rollups TO pylayer_api;
GRANT SELECT ON TABLE telemetry.event_rollups TO pylayer_admin;
GRANT SELECT ON TABLE telemetry.event_rollups TO pylayer_analyst;
GRANT SELECT ON TABLE telemetry.event_rollups TO pylayer_auditor;

GRANT SELECT,INSERT ON TABLE telemetry.event_types TO pylayer_api;
GRANT SELECT ON TABLE telemetry.event_types TO pylayer_admin;
GRANT SELECT ON TABLE telemetry.event_types TO pylayer_analyst;
GRANT SELECT ON TABLE telemetry.event_types TO pylayer_auditor;

GRANT SELECT,INSERT,DELETE ON TABLE telemetry.ingest_counts TO pylayer_api;
GRANT SELECT ON TABLE telemetry.ingest_counts TO pylayer_admin;
GRANT SELECT ON TABLE telemetry.ingest_counts TO pylayer_analyst;
GRANT SELECT ON TABLE telemetry.ingest_counts TO pylayer_auditor;

GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE telemetry.item_rollups TO pylayer_api;
GRANT SELECT ON TABLE telemetry.item_rollups TO pylayer_admin;
GRANT SELECT ON TABLE telemetry.item_rollups TO pylayer_analyst;
GRANT SELECT ON TABLE telemetry.item_rollups TO pylayer_auditor;

GRANT SELECT,INSERT,UPDATE ON TABLE telemetry.month_rollups TO pylayer_api;
GRANT SELECT ON TABLE telemetry.month_rollups TO pylayer_admin;
GRANT SELECT ON TABLE telemetry.month_rollups TO pylayer_analyst;
GRANT SELECT ON TABLE telemetry.month_rollups TO pylayer_auditor;

GRANT SELECT,INSERT,UPDATE ON TABLE telemetry.retired_months TO pylayer_api;
GRANT SELECT ON TABLE telemetry.retired_months TO pylayer_admin;
GRANT SELECT ON TABLE telemetry.retired_months TO pylayer_analyst;
GRANT SELECT ON TABLE telemetry.retired_months TO pylayer_auditor;

GRANT SELECT,UPDATE ON TABLE telemetry.rollup_progress TO pylayer_api;
GRANT SELECT ON TABLE telemetry.rollup_progress TO pylayer_admin;
GRANT SELECT ON TABLE telemetry.rollup_progress TO pylayer_analyst;
GRANT SELECT ON TABLE telemetry.rollup_progress TO pylayer_auditor;

GRANT SELECT,INSERT,UPDATE ON TABLE telemetry.run_rollups TO pylayer_api;
GRANT SELECT ON TABLE telemetry.run_rollups TO pylayer_admin;
GRANT SELECT ON TABLE telemetry.run_rollups TO pylayer_analyst;
GRANT SELECT ON TABLE telemetry.run_rollups TO pylayer_auditor;

GRANT SELECT,INSERT ON TABLE telemetry.state_changes TO pylayer_api;
GRANT SELECT ON TABLE telemetry.state_changes TO pylayer_admin;
GRANT SELECT ON TABLE telemetry.state_changes TO pylayer_analyst;
GRANT SELECT ON TABLE telemetry.state_changes TO pylayer_auditor;

GRANT SELECT ON TABLE telemetry.v_bounces TO pylayer_admin;
GRANT SELECT ON TABLE telemetry.v_bounces TO pylayer_analyst;
GRANT SELECT ON TABLE telemetry.v_bounces TO pylayer_auditor;

GRANT SELECT ON TABLE telemetry.v_cycle_time TO pylayer_admin;
GRANT SELECT ON TABLE telemetry.v_cycle_time TO pylayer_analyst;
GRANT SELECT ON TABLE telemetry.v_cycle_time TO pylayer_auditor;

GRANT SELECT ON TABLE telemetry.v_flow_issues TO pylayer_admin;
GRANT SELECT ON TABLE telemetry.v_flow_issues TO pylayer_analyst;
GRANT SELECT ON TABLE telemetry.v_flow_issues TO pylayer_auditor;

GRANT SELECT ON TABLE telemetry.v_gap_escape_rate TO pylayer_admin;
GRANT SELECT ON TABLE telemetry.v_gap_escape_rate TO pylayer_analyst;
GRANT SELECT ON TABLE telemetry.v_gap_escape_rate TO pylayer_auditor;

GRANT SELECT ON TABLE telemetry.v_post_ready_churn TO pylayer_admin;
GRANT SELECT ON TABLE telemetry.v_post_ready_churn TO pylayer_analyst;
GRANT SELECT ON TABLE telemetry.v_post_ready_churn TO pylayer_auditor;

GRANT SELECT ON TABLE telemetry.v_run_summary TO pylayer_admin;
GRANT SELECT ON TABLE telemetry.v_run_summary TO pylayer_analyst;
GRANT SELECT ON TABLE telemetry.v_run_summary TO pylayer_auditor;

GRANT SELECT ON TABLE telemetry.v_step_cost TO pylayer_admin;
GRANT SELECT ON TABLE telemetry.v_step_cost TO pylayer_analyst;
GRANT SELECT ON TABLE telemetry.v_step_cost TO pylayer_auditor;

GRANT SELECT,INSERT ON TABLE work.artifact_links TO pylayer_api;
GRANT SELECT ON TABLE work.artifact_links TO pylayer_admin;
GRANT SELECT ON TABLE work.artifact_links TO pylayer_analyst;
GRANT SELECT ON TABLE work.artifact_links TO pylayer_auditor;

GRANT SELECT,INSERT ON TABLE work.artifact_tombstones TO pylayer_api;
GRANT SELECT ON TABLE work.artifact_tombstones TO pylayer_admin;
GRANT SELECT ON TABLE work.artifact_tombstones TO pylayer_analyst;
GRANT SELECT ON TABLE work.artifact_tombstones TO pylayer_auditor;

GRANT UPDATE(object_deleted_at) ON TABLE work.artifact_tombstones TO pylayer_api;

GRANT SELECT,INSERT ON TABLE work.artifact_versions TO pylayer_api;
GRANT SELECT ON TABLE work.artifact_versions TO pylayer_admin;
GRANT SELECT ON TABLE work.artifact_versions TO pylayer_analyst;
GRANT SELECT ON TABLE work.artifact_versions TO pylayer_auditor;

GRANT SELECT,INSERT,UPDATE ON TABLE work.artifacts TO pylayer_api;
GRANT SELECT ON TABLE work.artifacts TO pylayer_admin;
GRANT SELECT ON TABLE work.artifacts TO pylayer_analyst;
GRANT SELECT ON TABLE work.artifacts TO pylayer_auditor;

CREATE EVENT TRIGGER pylayer_guard_partitions ON ddl_command_end
         WHEN TAG IN ('CREATE TABLE', 'ALTER TABLE')
   EXECUTE FUNCTION telemetry.guard_new_partitions();

ALTER EVENT TRIGGER pylayer_guard_partitions ENABLE ALWAYS;

ALTER EVENT TRIGGER pylayer_guard_partitions OWNER TO postgres;

-- Each month:

CREATE TABLE telemetry.workflow_events_pMONTH (
    event_id text CONSTRAINT workflow_events_event_id_not_null NOT NULL COLLATE pg_catalog."C",
    event_version integer CONSTRAINT workflow_events_event_version_not_null NOT NULL,
    event_name text CONSTRAINT workflow_events_event_name_not_null NOT NULL,
    ts timestamp with time zone CONSTRAINT workflow_events_ts_not_null NOT NULL,
    run_id text,
    item_id text,
    workflow_name text,
    agent_role text,
    payload jsonb CONSTRAINT workflow_events_payload_not_null NOT NULL,
    project_id text,
    metadata jsonb,
    recorded_at timestamp with time zone DEFAULT clock_timestamp() CONSTRAINT workflow_events_recorded_at_not_null NOT NULL,
    recorded_epoch integer CONSTRAINT workflow_events_recorded_epoch_not_null NOT NULL,
    recorded_xid bigint CONSTRAINT workflow_events_recorded_xid_not_null NOT NULL,
    CONSTRAINT event_id_is_ulid CHECK (((octet_length(event_id) = 26) AND (event_id < '8'::text) AND (event_id !~ '[^0-9A-HJKMNP-TV-Z]'::text)))
);

ALTER TABLE telemetry.workflow_events_pMONTH OWNER TO pylayer_owner;

COMMENT ON COLUMN telemetry.workflow_events_pMONTH.event_id IS 'ULID of the event: identity, partition key and dedupe key';

COMMENT ON COLUMN telemetry.workflow_events_pMONTH.event_version IS 'Version of the payload contract';

COMMENT ON COLUMN telemetry.workflow_events_pMONTH.event_name IS 'Name of the event type';

COMMENT ON COLUMN telemetry.workflow_events_pMONTH.ts IS 'When it happened, by the sender; near the time in event_id';

COMMENT ON COLUMN telemetry.workflow_events_pMONTH.run_id IS 'Workflow run, free text';

COMMENT ON COLUMN telemetry.workflow_events_pMONTH.item_id IS 'Work item, free text such as INFR-001';

COMMENT ON COLUMN telemetry.workflow_events_pMONTH.workflow_name IS 'Workflow, free text';

COMMENT ON COLUMN telemetry.workflow_events_pMONTH.agent_role IS 'Role of the agent that reported it, free text';

COMMENT ON COLUMN telemetry.workflow_events_pMONTH.payload IS 'Facts of the event, checked against its contract';

COMMENT ON COLUMN telemetry.workflow_events_pMONTH.project_id IS 'Project it belongs to, free text';

COMMENT ON COLUMN telemetry.workflow_events_pMONTH.metadata IS 'Source ids and trace context; no rule reads it';

COMMENT ON COLUMN telemetry.workflow_events_pMONTH.recorded_at IS 'When the database stored it';

COMMENT ON COLUMN telemetry.workflow_events_pMONTH.recorded_epoch IS 'Epoch of the cluster that stored it';

COMMENT ON COLUMN telemetry.workflow_events_pMONTH.recorded_xid IS 'Transaction that stored it; with the epoch and the id, a gap-free reading order';

ALTER TABLE ONLY telemetry.workflow_events ATTACH PARTITION telemetry.workflow_events_pMONTH FOR VALUES FROM ('MONTH') TO ('NEXT');

ALTER TABLE ONLY telemetry.workflow_events_pMONTH
    ADD CONSTRAINT workflow_events_pMONTH_pkey PRIMARY KEY (event_id);

CREATE INDEX workflow_events_pMONTH_event_name_ts_idx ON telemetry.workflow_events_pMONTH USING btree (event_name, ts);

CREATE INDEX workflow_events_pMONTH_item_id_ts_idx ON telemetry.workflow_events_pMONTH USING btree (item_id, ts);

CREATE INDEX workflow_events_pMONTH_recorded_epoch_recorded_xid_event_idx ON telemetry.workflow_events_pMONTH USING btree (recorded_epoch, recorded_xid, event_id);

CREATE INDEX workflow_events_pMONTH_run_id_ts_idx ON telemetry.workflow_events_pMONTH USING btree (run_id, ts);

ALTER INDEX telemetry.workflow_events_name_ts ATTACH PARTITION telemetry.workflow_events_pMONTH_event_name_ts_idx;

ALTER INDEX telemetry.workflow_events_item_ts ATTACH PARTITION telemetry.workflow_events_pMONTH_item_id_ts_idx;

ALTER INDEX telemetry.workflow_events_pkey ATTACH PARTITION telemetry.workflow_events_pMONTH_pkey;

ALTER INDEX telemetry.workflow_events_recorded ATTACH PARTITION telemetry.workflow_events_pMONTH_recorded_epoch_recorded_xid_event_idx;

ALTER INDEX telemetry.workflow_events_run_ts ATTACH PARTITION telemetry.workflow_events_pMONTH_run_id_ts_idx;

CREATE TRIGGER workflow_events_keep_all BEFORE TRUNCATE ON telemetry.workflow_events_pMONTH FOR EACH STATEMENT EXECUTE FUNCTION core.forbid_mutation();

ALTER TABLE telemetry.workflow_events_pMONTH ENABLE ALWAYS TRIGGER workflow_events_keep_all;
