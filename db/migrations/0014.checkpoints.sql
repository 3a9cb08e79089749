-- Checkpoints of LangGraph threads. What their channels hold is content-addressed: each value, or each segment of a long list,
-- is stored once, however many checkpoints, writes and threads refer to it.
--
-- A reference to a value, in jsonb: a number is a blob_id; a string is a small value itself, as "type:base64"; an array is a list
-- that was cut into segments, each of them a number or a string.

alter table core.settings
add column checkpoint_keep_last integer check (checkpoint_keep_last between 1 and 1000000),
add column checkpoint_keep_days integer check (checkpoint_keep_days between 1 and 36500);
comment on column core.settings.checkpoint_keep_last is
'Latest checkpoints of a thread and namespace that maintenance keeps; null with checkpoint_keep_days null keeps all, else 1';
comment on column core.settings.checkpoint_keep_days is
'Days that maintenance keeps a checkpoint at least; null is none but what checkpoint_keep_last says';
grant update (checkpoint_keep_last, checkpoint_keep_days) on core.settings to pylayer_admin;

create table work.checkpoint_threads (
  thread_key bigint generated always as identity primary key,
  thread_id text collate "C" not null unique check (octet_length(thread_id) between 1 and 1000),
  created_at timestamptz not null default clock_timestamp(),
  pruned_at timestamptz
);
comment on table work.checkpoint_threads is
'Threads of checkpoints. Whoever stores in a thread shares the lock of its row, whoever removes from it changes the row';
comment on column work.checkpoint_threads.thread_key is 'Number that stands for the thread in the other tables';
comment on sequence work.checkpoint_threads_thread_key_seq is 'Numbers of threads';
comment on column work.checkpoint_threads.thread_id is 'Thread, free text';
comment on column work.checkpoint_threads.created_at is 'When it was first stored to';
comment on column work.checkpoint_threads.pruned_at is 'When something was last removed from it; null: never';

create table work.checkpoint_blobs (
  blob_id bigint generated always as identity primary key,
  content_hash bytea not null check (octet_length(content_hash) = 32),
  serde_type text not null check (length(serde_type) between 1 and 100),
  data bytea not null,
  created_at timestamptz not null default clock_timestamp(),
  unique (content_hash, serde_type)
);
comment on table work.checkpoint_blobs is 'Serialized values and segments of lists, each once. Never changed; removed when no thread uses them';
comment on column work.checkpoint_blobs.blob_id is 'Number that references carry';
comment on sequence work.checkpoint_blobs_blob_id_seq is 'Numbers of blobs';
comment on column work.checkpoint_blobs.content_hash is 'sha256 of data';
comment on column work.checkpoint_blobs.serde_type is 'How data is serialized, as the serializer named it';
comment on column work.checkpoint_blobs.data is 'The serialized bytes';
comment on column work.checkpoint_blobs.created_at is 'When it was first stored';

create table work.checkpoint_blob_uses (
  thread_key bigint not null references work.checkpoint_threads,
  blob_id bigint not null references work.checkpoint_blobs,
  primary key (thread_key, blob_id)
);
comment on table work.checkpoint_blob_uses is
'Which threads use a blob: a row stands as long as anything in the thread may refer to the blob';
comment on column work.checkpoint_blob_uses.thread_key is 'Thread';
comment on column work.checkpoint_blob_uses.blob_id is 'Blob';

create index checkpoint_blob_uses_blob on work.checkpoint_blob_uses (blob_id);

create table work.checkpoints (
  thread_key bigint not null references work.checkpoint_threads,
  checkpoint_ns text collate "C" not null check (octet_length(checkpoint_ns) <= 1000),
  checkpoint_id text collate "C" not null check (octet_length(checkpoint_id) between 1 and 500),
  parent_checkpoint_id text collate "C" check (octet_length(parent_checkpoint_id) <= 500),
  checkpoint jsonb not null check (jsonb_typeof(checkpoint) = 'object'),
  channel_values jsonb not null check (jsonb_typeof(channel_values) = 'object'),
  metadata jsonb not null check (jsonb_typeof(metadata) = 'object'),
  run_id text collate "C" generated always as (left(metadata ->> 'run_id', 500)) stored,
  created_at timestamptz not null default clock_timestamp(),
  primary key (thread_key, checkpoint_ns, checkpoint_id)
);
comment on table work.checkpoints is 'States of LangGraph threads, one row a super-step';
comment on column work.checkpoints.thread_key is 'Thread';
comment on column work.checkpoints.checkpoint_ns is 'Namespace: empty for the root graph, the path of a subgraph otherwise';
comment on column work.checkpoints.checkpoint_id is 'Id from LangGraph; later ones are greater';
comment on column work.checkpoints.parent_checkpoint_id is 'Checkpoint that this one came from; null when there is none or it was removed';
comment on column work.checkpoints.checkpoint is 'Versions of the channels and what nodes have seen; no values';
comment on column work.checkpoints.channel_values is 'Reference of each channel''s value, by channel';
comment on column work.checkpoints.metadata is 'What LangGraph and the caller tell of it: source, step, run_id, ...';
comment on column work.checkpoints.run_id is 'Run in metadata, its first 500 characters';
comment on column work.checkpoints.created_at is 'When it was first stored';

create index checkpoints_run on work.checkpoints (run_id) where run_id is not null;

create table work.checkpoint_writes (
  thread_key bigint not null references work.checkpoint_threads,
  checkpoint_ns text collate "C" not null check (octet_length(checkpoint_ns) <= 1000),
  checkpoint_id text collate "C" not null check (octet_length(checkpoint_id) between 1 and 500),
  task_id text collate "C" not null check (octet_length(task_id) <= 500),
  task_path text collate "C" not null,
  writes jsonb not null check (jsonb_typeof(writes) = 'object'),
  created_at timestamptz not null default clock_timestamp(),
  primary key (thread_key, checkpoint_ns, checkpoint_id, task_id)
);
comment on table work.checkpoint_writes is
'What tasks wrote after a checkpoint, one row a task; may be stored before its checkpoint is';
comment on column work.checkpoint_writes.thread_key is 'Thread';
comment on column work.checkpoint_writes.checkpoint_ns is 'Namespace of the checkpoint';
comment on column work.checkpoint_writes.checkpoint_id is 'Checkpoint that the task started from';
comment on column work.checkpoint_writes.task_id is 'Task';
comment on column work.checkpoint_writes.task_path is 'Path of the task; orders the writes of one super-step';
comment on column work.checkpoint_writes.writes is 'By number of the write, negative for errors, interrupts and the like: [channel, reference]';
comment on column work.checkpoint_writes.created_at is 'When the task''s first write was stored';

create unlogged table work.graph_cache (
  namespace text collate "C" not null check (octet_length(namespace) <= 1000),
  key text collate "C" not null check (octet_length(key) <= 1000),
  serde_type text not null check (length(serde_type) between 1 and 100),
  data bytea not null,
  expires_at timestamptz,
  primary key (namespace, key)
);
comment on table work.graph_cache is 'Results of LangGraph nodes, to be had without running them again; empty after a crash';
comment on column work.graph_cache.namespace is 'Namespace: a JSON array of strings, as text';
comment on column work.graph_cache.key is 'Key in it';
comment on column work.graph_cache.serde_type is 'How data is serialized, as the serializer named it';
comment on column work.graph_cache.data is 'The serialized bytes';
comment on column work.graph_cache.expires_at is 'From when on it counts as absent; null: never';

create index graph_cache_expires on work.graph_cache (expires_at) where expires_at is not null;

-- Guards ------------------------------------------------------------------------------------------------------

create trigger checkpoint_blobs_immutable before update on work.checkpoint_blobs
for each row execute function core.forbid_mutation();
alter table work.checkpoint_blobs enable always trigger checkpoint_blobs_immutable;

-- Owners and rights -------------------------------------------------------------------------------------------

alter table work.checkpoint_threads owner to pylayer_owner;
alter table work.checkpoint_blobs owner to pylayer_owner;
alter table work.checkpoint_blob_uses owner to pylayer_owner;
alter table work.checkpoints owner to pylayer_owner;
alter table work.checkpoint_writes owner to pylayer_owner;
alter table work.graph_cache owner to pylayer_owner;

grant select on
work.checkpoint_threads, work.checkpoint_blobs, work.checkpoint_blob_uses, work.checkpoints, work.checkpoint_writes,
work.graph_cache
to pylayer_api, pylayer_admin, pylayer_analyst, pylayer_auditor;
grant insert, delete on
work.checkpoint_threads, work.checkpoint_blobs, work.checkpoint_blob_uses, work.checkpoints, work.checkpoint_writes,
work.graph_cache
to pylayer_api;
grant update on work.checkpoint_threads, work.checkpoints, work.checkpoint_writes, work.graph_cache to pylayer_api;
-- A lock of a row takes the right to update a column of it; the guard refuses any update.
grant update (created_at) on work.checkpoint_blobs to pylayer_api;
