-- People.
CREATE TABLE people (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL
);

CREATE INDEX people_name ON people (name);

-- Adults only.
CREATE VIEW adults AS SELECT * FROM people WHERE age > 17;

CREATE FUNCTION add(a integer, b integer) RETURNS integer AS $$
    SELECT a + b;
$$ LANGUAGE SQL;

CREATE TYPE color AS ENUM ('red', 'green');

INSERT INTO people (id, name) VALUES (1, 'x');
