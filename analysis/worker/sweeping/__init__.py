"""The sweep as a durable job: prepare, count shard by shard, publish, finish."""
