drop index work.execution_traces_tools_idx;
alter table work.execution_traces drop column recorded_at;
