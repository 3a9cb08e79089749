-- When a span was recorded: a day of them that is over never changes, so that it can be exported again with the same bytes.

set lock_timeout = '5s';
alter table work.execution_traces add column recorded_at timestamptz not null default now();
alter table work.execution_traces alter column recorded_at set default clock_timestamp();
comment on column work.execution_traces.recorded_at is 'When it was stored; for those older than this column, when it was added';
-- squawk-ignore require-concurrent-index-creation
create index execution_traces_tools_idx on work.execution_traces (recorded_at, run_id, span_id) where kind = 'tool';
