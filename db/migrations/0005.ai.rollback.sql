drop type ai.model_price;
drop table ai.models;
drop schema ai;
