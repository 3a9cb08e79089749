drop type iam.api_key_info;
drop table iam.api_keys;
drop schema iam;
