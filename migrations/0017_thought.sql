-- How long an answer thought before it began to speak; none where it showed no thinking.

ALTER TABLE messages ADD COLUMN thought_ms BIGINT;
