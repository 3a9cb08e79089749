-- Artifacts: immutable versions addressed by the sha256 of their bytes, inline or in object storage.

create type work.storage_backend as enum ('inline', 's3');
comment on type work.storage_backend is 'Where the content of a version stands: in the row, or in object storage';

create type work.upload_state as enum ('open', 'committed', 'unchanged', 'aborted', 'expired');
comment on type work.upload_state is
'open: may be committed; committed: became a version; unchanged: its bytes were the latest already; the last three leave an object to delete';

create function work.is_json_mime(p_mime_type text) returns boolean
language sql immutable strict parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select p_mime_type ~* '^((application|text)/json|[^/; ]+/[^/; ]+[+]json) *(;|$)'
$$;
comment on function work.is_json_mime(text) is 'Whether a mime type says that the content is one JSON document';

create table work.artifacts (
  artifact_id core.ulid primary key,
  type text not null check (type ~ '^[a-z][a-z0-9_.-]{0,62}$'),
  latest_version integer not null default 0 check (latest_version between 0 and reserved_version),
  reserved_version integer not null default 0,
  latest_content_hash text,
  tags jsonb check (jsonb_typeof(tags) in ('object', 'array')),
  owner_item_id text check (length(owner_item_id) <= 500),
  owner_run_id text check (length(owner_run_id) <= 500),
  project_id text check (length(project_id) <= 500),
  created_at timestamptz not null default clock_timestamp()
) with (fillfactor = 85);  -- room for HOT updates: each version changes the row, none of its indexed columns
comment on table work.artifacts is 'Artifacts: what their versions share. A row without a committed version is invisible to the API';
comment on column work.artifacts.artifact_id is 'ULID';
comment on column work.artifacts.type is 'Kind of artifact, such as report; part of the storage key';
comment on column work.artifacts.latest_version is 'Greatest committed version; 0 while there is none';
comment on column work.artifacts.reserved_version is 'Greatest version number ever given out; a number is given out once';
comment on column work.artifacts.latest_content_hash is
'sha256 of the latest version, hex; null while there is none and once its content was deleted';
comment on column work.artifacts.tags is 'Object or array to search by containment; null is none';
comment on column work.artifacts.owner_item_id is 'Work item that owns it, free text';
comment on column work.artifacts.owner_run_id is 'Workflow run that owns it, free text';
comment on column work.artifacts.project_id is 'Project it belongs to, free text';
comment on column work.artifacts.created_at is 'When the id was first used';

create index artifacts_created on work.artifacts (created_at, artifact_id);
create index artifacts_type_created on work.artifacts (type, created_at, artifact_id);
create index artifacts_owner_item on work.artifacts (owner_item_id, created_at, artifact_id) where owner_item_id is not null;
create index artifacts_owner_run on work.artifacts (owner_run_id, created_at, artifact_id) where owner_run_id is not null;
create index artifacts_project on work.artifacts (project_id, created_at, artifact_id) where project_id is not null;
create index artifacts_tags on work.artifacts using gin (tags jsonb_path_ops) where tags is not null;

create table work.artifact_versions (
  artifact_id core.ulid not null references work.artifacts,
  version integer not null check (version > 0),
  mime_type text not null check (length(mime_type) <= 255),
  size_bytes bigint not null check (size_bytes >= 0),
  content_hash text not null check (content_hash ~ '^[0-9a-f]{64}$'),
  storage_backend work.storage_backend not null,
  storage_key text,
  inline_content_text text,
  is_json_opaque boolean not null default false,
  inline_content_json jsonb generated always as (
    case when work.is_json_mime(mime_type) and not is_json_opaque then inline_content_text::jsonb end
  ) stored,
  preview_text text,
  extracted_fields jsonb check (jsonb_typeof(extracted_fields) = 'object'),
  is_kb_ingested boolean not null default false,
  created_at timestamptz not null default clock_timestamp(),
  primary key (artifact_id, version),
  constraint content_stands_where_backend_says check (
    case storage_backend
      when 'inline'
        then
          inline_content_text is not null and storage_key is null
          and size_bytes = octet_length(inline_content_text)
      when 's3' then storage_key is not null and inline_content_text is null and not is_json_opaque
    end
  )
);
comment on table work.artifact_versions is 'Versions of artifacts. Never changed or removed; only is_kb_ingested goes from false to true';
comment on column work.artifact_versions.artifact_id is 'Artifact';
comment on column work.artifact_versions.version is 'Version number, from 1; aborted uploads leave gaps';
comment on column work.artifact_versions.mime_type is 'Mime type of the content';
comment on column work.artifact_versions.size_bytes is 'Size of the content, bytes';
comment on column work.artifact_versions.content_hash is 'sha256 of the exact bytes, lower-case hex';
comment on column work.artifact_versions.storage_backend is 'inline: in inline_content_text; s3: the object at storage_key';
comment on column work.artifact_versions.storage_key is 'Key of the object; null for inline content';
comment on column work.artifact_versions.inline_content_text is 'Content; null for content in object storage';
comment on column work.artifact_versions.is_json_opaque is 'Valid JSON that jsonb cannot hold, such as \u0000 or 1e400000';
comment on column work.artifact_versions.inline_content_json is 'Inline content as a document, for JSON that jsonb can hold';
comment on column work.artifact_versions.preview_text is 'First look at the content';
comment on column work.artifact_versions.extracted_fields is 'Fields taken out of the content, an object';
comment on column work.artifact_versions.is_kb_ingested is 'The knowledge base has taken it in';
comment on column work.artifact_versions.created_at is 'When the version was made';

create index artifact_versions_content_hash on work.artifact_versions (content_hash);

create table work.artifact_links (
  artifact_id core.ulid not null,
  version integer not null,
  link_type text not null check (link_type ~ '^[a-z][a-z0-9_.-]{0,62}$'),
  item_id text check (length(item_id) <= 500),
  run_id text check (length(run_id) <= 500),
  event_id core.ulid,
  workflow_name text check (length(workflow_name) <= 500),
  created_at timestamptz not null default clock_timestamp(),
  foreign key (artifact_id, version) references work.artifact_versions,
  constraint artifact_links_has_target check (num_nonnulls(item_id, run_id, event_id, workflow_name) > 0),
  constraint artifact_links_fits_index check (octet_length(concat(item_id, run_id, workflow_name)) <= 2000),
  constraint artifact_links_once unique nulls not distinct (
    artifact_id, version, link_type, item_id, run_id, event_id, workflow_name
  )
);
comment on table work.artifact_links is 'What a version of an artifact has to do with: items, runs, events, workflows';
comment on column work.artifact_links.artifact_id is 'Artifact';
comment on column work.artifact_links.version is 'Version that is linked';
comment on column work.artifact_links.link_type is 'Kind of link, such as produced_by';
comment on column work.artifact_links.item_id is 'Work item, free text';
comment on column work.artifact_links.run_id is 'Workflow run, free text';
comment on column work.artifact_links.event_id is 'ULID of an event';
comment on column work.artifact_links.workflow_name is 'Workflow, free text';
comment on column work.artifact_links.created_at is 'When it was linked';

create index artifact_links_type on work.artifact_links (link_type);
create index artifact_links_item on work.artifact_links (item_id) where item_id is not null;
create index artifact_links_run on work.artifact_links (run_id) where run_id is not null;
create index artifact_links_event on work.artifact_links (event_id) where event_id is not null;
create index artifact_links_workflow on work.artifact_links (workflow_name) where workflow_name is not null;

create table work.artifact_uploads (
  upload_id core.ulid primary key,
  artifact_id core.ulid not null references work.artifacts,
  version integer not null check (version > 0),
  expected_version integer,
  mime_type text not null check (length(mime_type) <= 255),
  size_bytes bigint not null check (size_bytes >= 0),
  content_hash text not null check (content_hash ~ '^[0-9a-f]{64}$'),
  storage_key text not null,
  preview_text text,
  extracted_fields jsonb,
  tags jsonb,
  owner_item_id text,
  owner_run_id text,
  project_id text,
  state work.upload_state not null default 'open',
  result_version integer,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null,
  finished_at timestamptz,
  cleaned_at timestamptz,
  unique (artifact_id, version),
  constraint result_follows_state check ((result_version is not null) = (state in ('committed', 'unchanged'))),
  constraint finished_follows_state check ((finished_at is null) = (state = 'open')),
  constraint cleaned_only_leftovers check (cleaned_at is null or state in ('unchanged', 'aborted', 'expired'))
);
comment on table work.artifact_uploads is
'Attempts to write content to object storage: the record that finds what a crash left behind. Committed ones stay, so that a repeat is safe';
comment on column work.artifact_uploads.upload_id is 'ULID of the attempt';
comment on column work.artifact_uploads.artifact_id is 'Artifact that gets the version';
comment on column work.artifact_uploads.version is 'Version number that was reserved';
comment on column work.artifact_uploads.expected_version is 'Latest version that the writer expects, checked again at commit; null is any';
comment on column work.artifact_uploads.mime_type is 'Mime type of the content';
comment on column work.artifact_uploads.size_bytes is 'Size of the content, bytes';
comment on column work.artifact_uploads.content_hash is 'sha256 of the content, hex';
comment on column work.artifact_uploads.storage_key is 'Key of the object, of this attempt alone';
comment on column work.artifact_uploads.preview_text is 'For the version; null once finished';
comment on column work.artifact_uploads.extracted_fields is 'For the version; null once finished';
comment on column work.artifact_uploads.tags is 'For the artifact, at commit; null keeps its own';
comment on column work.artifact_uploads.owner_item_id is 'For the artifact, at commit; null keeps its own';
comment on column work.artifact_uploads.owner_run_id is 'For the artifact, at commit; null keeps its own';
comment on column work.artifact_uploads.project_id is 'For the artifact, at commit; null keeps its own';
comment on column work.artifact_uploads.state is 'What became of the attempt';
comment on column work.artifact_uploads.result_version is 'Version that commit returned';
comment on column work.artifact_uploads.created_at is 'When it was begun';
comment on column work.artifact_uploads.expires_at is 'Until when it may be committed';
comment on column work.artifact_uploads.finished_at is 'When it left the state open';
comment on column work.artifact_uploads.cleaned_at is 'When its leftovers were deleted last';

create index artifact_uploads_open on work.artifact_uploads (expires_at) where state = 'open';
create index artifact_uploads_leftovers on work.artifact_uploads (cleaned_at, upload_id)
where state in ('unchanged', 'aborted', 'expired');

create table work.artifact_tombstones (
  artifact_id core.ulid not null,
  version integer not null,
  storage_key text not null,
  reason text not null check (length(reason) between 1 and 1000),
  deleted_by text not null,
  deleted_as text,
  deleted_at timestamptz not null default clock_timestamp(),
  object_deleted_at timestamptz,
  primary key (artifact_id, version),
  foreign key (artifact_id, version) references work.artifact_versions
);
comment on table work.artifact_tombstones is
'Versions whose content was deleted from object storage. Never changed or removed; only object_deleted_at is set, once';
comment on column work.artifact_tombstones.artifact_id is 'Artifact';
comment on column work.artifact_tombstones.version is 'Version whose content was deleted';
comment on column work.artifact_tombstones.storage_key is 'Key of the object';
comment on column work.artifact_tombstones.reason is 'Why';
comment on column work.artifact_tombstones.deleted_by is 'Login that deleted it';
comment on column work.artifact_tombstones.deleted_as is 'Role that the login had set; null is its own';
comment on column work.artifact_tombstones.deleted_at is 'When; later reads of the content are refused';
comment on column work.artifact_tombstones.object_deleted_at is 'When object storage confirmed that the object is gone';

create index artifact_tombstones_unconfirmed on work.artifact_tombstones (deleted_at) where object_deleted_at is null;

-- What the functions return -----------------------------------------------------------------------------------

create type work.version_info as (
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
  created_at timestamptz
);
comment on type work.version_info is 'A version as a write returns it; created is false when the bytes were stored already';

create type work.artifact_info as (
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
  created_at timestamptz,
  latest_version integer,
  tags jsonb,
  owner_item_id text,
  owner_run_id text,
  project_id text,
  deleted boolean
);
comment on type work.artifact_info is 'A version with what its artifact says, without content; deleted: its content is gone';

-- Guards ------------------------------------------------------------------------------------------------------

create trigger artifacts_only_grow before update on work.artifacts
for each row when (
  new.artifact_id <> old.artifact_id
  or new.type <> old.type
  or new.created_at <> old.created_at
  or new.latest_version < old.latest_version
  or new.reserved_version < old.reserved_version
) execute function core.forbid_mutation();
create trigger artifacts_keep before delete on work.artifacts
for each row when (old.latest_version > 0) execute function core.forbid_mutation();
create trigger artifacts_keep_all before truncate on work.artifacts
for each statement execute function core.forbid_mutation();
alter table work.artifacts enable always trigger artifacts_only_grow;
alter table work.artifacts enable always trigger artifacts_keep;
alter table work.artifacts enable always trigger artifacts_keep_all;

-- The generated column is left out: a condition of a BEFORE trigger may not name it, and the text decides it.
create trigger artifact_versions_immutable before update on work.artifact_versions
for each row when (
  old.is_kb_ingested
  or not new.is_kb_ingested
  or (
    new.artifact_id, new.version, new.mime_type, new.size_bytes, new.content_hash, new.storage_backend, new.storage_key,
    new.inline_content_text, new.is_json_opaque, new.preview_text, new.extracted_fields::text, new.created_at
  ) is distinct from (
    old.artifact_id, old.version, old.mime_type, old.size_bytes, old.content_hash, old.storage_backend, old.storage_key,
    old.inline_content_text, old.is_json_opaque, old.preview_text, old.extracted_fields::text, old.created_at
  )
) execute function core.forbid_mutation();
create trigger artifact_versions_keep before delete on work.artifact_versions
for each row execute function core.forbid_mutation();
create trigger artifact_versions_keep_all before truncate on work.artifact_versions
for each statement execute function core.forbid_mutation();
alter table work.artifact_versions enable always trigger artifact_versions_immutable;
alter table work.artifact_versions enable always trigger artifact_versions_keep;
alter table work.artifact_versions enable always trigger artifact_versions_keep_all;

create trigger artifact_tombstones_immutable before update on work.artifact_tombstones
for each row when (
  old.object_deleted_at is not null
  or new.object_deleted_at is null
  or (new.artifact_id, new.version, new.storage_key, new.reason, new.deleted_by, new.deleted_as, new.deleted_at)
  is distinct from
  (old.artifact_id, old.version, old.storage_key, old.reason, old.deleted_by, old.deleted_as, old.deleted_at)
) execute function core.forbid_mutation();
create trigger artifact_tombstones_keep before delete on work.artifact_tombstones
for each row execute function core.forbid_mutation();
create trigger artifact_tombstones_keep_all before truncate on work.artifact_tombstones
for each statement execute function core.forbid_mutation();
alter table work.artifact_tombstones enable always trigger artifact_tombstones_immutable;
alter table work.artifact_tombstones enable always trigger artifact_tombstones_keep;
alter table work.artifact_tombstones enable always trigger artifact_tombstones_keep_all;

-- Owners and rights -------------------------------------------------------------------------------------------

alter type work.storage_backend owner to pylayer_owner;
alter type work.upload_state owner to pylayer_owner;
alter type work.version_info owner to pylayer_owner;
alter type work.artifact_info owner to pylayer_owner;
alter function work.is_json_mime(text) owner to pylayer_owner;
alter table work.artifacts owner to pylayer_owner;
alter table work.artifact_versions owner to pylayer_owner;
alter table work.artifact_links owner to pylayer_owner;
alter table work.artifact_uploads owner to pylayer_owner;
alter table work.artifact_tombstones owner to pylayer_owner;

revoke all on function work.is_json_mime(text) from public;
grant execute on function work.is_json_mime(text)
to pylayer_api, pylayer_admin, pylayer_agent, pylayer_analyst, pylayer_auditor;

grant select on work.artifacts, work.artifact_versions, work.artifact_links, work.artifact_uploads, work.artifact_tombstones
to pylayer_api, pylayer_admin, pylayer_analyst, pylayer_auditor;
grant insert on work.artifacts, work.artifact_versions, work.artifact_links, work.artifact_uploads, work.artifact_tombstones
to pylayer_api;
grant update on work.artifacts to pylayer_api;
grant update, delete on work.artifact_uploads to pylayer_api;
grant update (object_deleted_at) on work.artifact_tombstones to pylayer_api;
