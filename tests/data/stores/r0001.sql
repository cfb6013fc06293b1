CREATE TABLE facts (
	name VARCHAR NOT NULL, 
	value VARCHAR NOT NULL, 
	PRIMARY KEY (name)
);
CREATE TABLE documents (
	id VARCHAR NOT NULL, 
	source VARCHAR NOT NULL, 
	title VARCHAR NOT NULL, 
	text TEXT NOT NULL, 
	media_type VARCHAR NOT NULL, 
	sha256 VARCHAR NOT NULL, 
	language VARCHAR NOT NULL, 
	metadata JSON NOT NULL, 
	created_at VARCHAR NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (source)
);
CREATE TABLE vectors (
	number INTEGER NOT NULL, 
	vector BLOB NOT NULL, 
	PRIMARY KEY (number)
);
CREATE TABLE conversations (
	number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	conversation_id VARCHAR NOT NULL, 
	role VARCHAR NOT NULL, 
	text TEXT NOT NULL, 
	created_at VARCHAR NOT NULL
);
CREATE TABLE chunks (
	number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	id VARCHAR NOT NULL, 
	document_id VARCHAR NOT NULL, 
	text TEXT NOT NULL, 
	start INTEGER NOT NULL, 
	"end" INTEGER NOT NULL, 
	page INTEGER, 
	heading_path JSON NOT NULL, 
	kind VARCHAR NOT NULL, 
	context TEXT NOT NULL, 
	question TEXT NOT NULL, 
	UNIQUE (id), 
	FOREIGN KEY(document_id) REFERENCES documents (id)
);
CREATE VIRTUAL TABLE chunk_terms USING fts5(terms, tokenize = "unicode61 remove_diacritics 0 categories 'L* M* N* P* S* Co'");
CREATE VIRTUAL TABLE vocabulary USING fts5vocab(chunk_terms, 'row');
INSERT INTO facts ("name", "value") VALUES ('schema', '1');
INSERT INTO facts ("name", "value") VALUES ('embedder', 'hash@1');
INSERT INTO facts ("name", "value") VALUES ('dimensions', '64');
INSERT INTO facts ("name", "value") VALUES ('last_number', '3');
INSERT INTO facts ("name", "value") VALUES ('generation', '3');
INSERT INTO documents ("id", "source", "title", "text", "media_type", "sha256", "language", "metadata", "created_at") VALUES ('70bde067048e35f6', 'returns.md', 'Returns', 'Unused goods can be returned within 7 days.

The buyer pays return shipping.', 'text/plain', 'ea87b74f82824c1a2157cf714ee1da0c65fab43464aa8e23f0af3d9f390efd7c', 'en', '{}', '2026-11-25T19:45:10+00:00');
INSERT INTO documents ("id", "source", "title", "text", "media_type", "sha256", "language", "metadata", "created_at") VALUES ('5e197d876131aa13', '运费.md', '运费', '标准快递运费为12元，满199元包邮。', 'text/plain', '583a2749b111fe6bc5d9df41df65673f296e66c71b3a48125ab7eb4d75f15a67', 'zh', '{}', '2026-11-25T19:45:11+00:00');
INSERT INTO documents ("id", "source", "title", "text", "media_type", "sha256", "language", "metadata", "created_at") VALUES ('cff120993abf8d9d', 'codes.csv', 'codes.csv', 'Code: AQ-300/B; Price: 1299', 'text/plain', 'a993b39ccd568b75474a87d97827ab5e19eccdcd9b04f7d0ebb31bc65ae8e06a', 'en', '{"region": "cn"}', '2026-11-25T19:45:11+00:00');
INSERT INTO vectors ("number", "vector") VALUES (1, X'9E64223B9E64223B6423803E9E64223B6423803E9E64223B9E64223B9E64223B9E64223B9E64223B9E64223B9E64223B9E64223B6423803E9E64223B6423803E9E64223B9E64223B6423803E9E64223B9E64223B9E64223B9E64223B9E64223B9E64223B9E64223B9E64223B9E64223B9E64223B9E64223B9E64223B9E64223B9E64223B9E64223B9E64223B9E64223B6423803E6423803EFF01FF3E9E64223B9E64223B9E64223B9E64223B9E64223B9E64223B6423803E6423803E9E64223B6423803E9E64223B9E64223B6423803E9E64223B9E64223B9E64223B9E64223B9E64223B6423803E9E64223B9E64223B9E64223B9E64223B9E64223B9E64223B');
INSERT INTO vectors ("number", "vector") VALUES (2, X'867B023BEFEA4D3E867B023B867B023B867B023B867B023B867B023BEFEA4D3E867B023B867B023B867B023B867B023BEFEA4D3E7C634C3F867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023BEFEA4D3E867B023BF8E5CC3E867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023BEFEA4D3E867B023B867B023B867B023B867B023B867B023B');
INSERT INTO vectors ("number", "vector") VALUES (3, X'8B98433B8B98433B8B98433B8B98433B5D569A3E5D569A3E8B98433B8B98433B8B98433B8B98433B8B98433B8B98433B8B98433B5D569A3E8B98433B8B98433B5D569A3E8B98433B8B98433B8B98433B5D569A3E8B98433B8B98433B5D569A3E5D569A3E5D569A3E8B98433B8B98433B8B98433B8B98433B8B98433B8B98433B8B98433B8B98433B8B98433B8B98433B8B98433B8B98433B8B98433B8B98433B8B98433B8B98433B8B98433B8B98433B8B98433B8B98433B8B98433B8B98433B8B98433B8B98433B8B98433B5D569A3E8B98433B8B98433B8B98433B8B98433B8B98433B5D569A3E8B98433B5D569A3E8B98433B8B98433B8B98433B8B98433B');
INSERT INTO conversations ("number", "conversation_id", "role", "text", "created_at") VALUES (1, 'c0ffeec0ffeec0ffeec0ffeec0ffeec0', 'user', 'Can I return it?', '2026-11-25T19:45:11+00:00');
INSERT INTO conversations ("number", "conversation_id", "role", "text", "created_at") VALUES (2, 'c0ffeec0ffeec0ffeec0ffeec0ffeec0', 'assistant', 'Unused goods can be returned within 7 days.', '2026-11-25T19:45:11+00:00');
INSERT INTO chunks ("number", "id", "document_id", "text", "start", "end", "page", "heading_path", "kind", "context", "question") VALUES (1, '70bde067048e35f6-00000', '70bde067048e35f6', 'Unused goods can be returned within 7 days.

The buyer pays return shipping.', 0, 76, NULL, '[]', 'paragraph', 'Returns', '');
INSERT INTO chunks ("number", "id", "document_id", "text", "start", "end", "page", "heading_path", "kind", "context", "question") VALUES (2, '5e197d876131aa13-00000', '5e197d876131aa13', '标准快递运费为12元，满199元包邮。', 0, 19, NULL, '[]', 'paragraph', '运费', '');
INSERT INTO chunks ("number", "id", "document_id", "text", "start", "end", "page", "heading_path", "kind", "context", "question") VALUES (3, 'cff120993abf8d9d-00000', 'cff120993abf8d9d', 'Code: AQ-300/B; Price: 1299', 0, 27, NULL, '[]', 'paragraph', 'codes.csv', '');
INSERT INTO chunk_terms (rowid, "terms") VALUES (1, 'returns unused goods can be returned within 7 days the buyer pays return shipping');
INSERT INTO chunk_terms (rowid, "terms") VALUES (2, '运费 标准 快递 运费 为 12 元 满 199 元 包邮');
INSERT INTO chunk_terms (rowid, "terms") VALUES (3, 'codes.csv codes csv code aq-300/b aq300b aq 300 b price 1299');
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence ("name", "seq") VALUES ('chunks', 3);
INSERT INTO sqlite_sequence ("name", "seq") VALUES ('conversations', 2);
CREATE INDEX ix_conversations_conversation_id ON conversations (conversation_id);
CREATE INDEX ix_chunks_document_id ON chunks (document_id);
