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
	created_at VARCHAR NOT NULL, seal BLOB DEFAULT (x'') NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (source)
);
CREATE TABLE vectors (
	number INTEGER NOT NULL, 
	vector BLOB NOT NULL, seal BLOB DEFAULT (x'') NOT NULL, 
	PRIMARY KEY (number)
);
CREATE TABLE token_codes (
	number INTEGER NOT NULL, 
	codes BLOB NOT NULL, 
	PRIMARY KEY (number)
);
CREATE TABLE conversations (
	number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	conversation_id VARCHAR NOT NULL, 
	role VARCHAR NOT NULL, 
	text TEXT NOT NULL, 
	created_at VARCHAR NOT NULL
, seal BLOB DEFAULT (x'') NOT NULL);
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
	question TEXT NOT NULL, seal BLOB DEFAULT (x'') NOT NULL, 
	UNIQUE (id), 
	FOREIGN KEY(document_id) REFERENCES documents (id)
);
CREATE VIRTUAL TABLE chunk_terms USING fts5(terms, tokenize = "unicode61 remove_diacritics 0 categories 'L* M* N* P* S* Co'");
CREATE VIRTUAL TABLE vocabulary USING fts5vocab(chunk_terms, 'row');
CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num));
CREATE TABLE turn_sources (
	turn INTEGER NOT NULL, 
	document_id VARCHAR NOT NULL, 
	PRIMARY KEY (turn, document_id), 
	FOREIGN KEY(turn) REFERENCES conversations (number) ON DELETE CASCADE
);
CREATE TABLE conversation_subjects (
	conversation_id VARCHAR NOT NULL, 
	subject VARCHAR NOT NULL, 
	PRIMARY KEY (conversation_id, subject)
);
CREATE TABLE privacy (
	name VARCHAR NOT NULL, 
	value VARCHAR NOT NULL, 
	PRIMARY KEY (name)
);
CREATE TABLE corrections (
	number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, 
	id VARCHAR NOT NULL, 
	document_id VARCHAR NOT NULL, 
	"before" TEXT NOT NULL, 
	"after" TEXT NOT NULL, 
	state VARCHAR NOT NULL, 
	created_at VARCHAR NOT NULL, 
	UNIQUE (id)
);
INSERT INTO facts ("name", "value") VALUES ('embedder', 'hash@1');
INSERT INTO facts ("name", "value") VALUES ('dimensions', '64');
INSERT INTO facts ("name", "value") VALUES ('last_number', '3');
INSERT INTO facts ("name", "value") VALUES ('generation', '3');
INSERT INTO documents ("id", "source", "title", "text", "media_type", "sha256", "language", "metadata", "created_at", "seal") VALUES ('70bde067048e35f6', 'returns.md', 'Returns', 'Unused goods can be returned within 7 days.

The buyer pays return shipping.', 'text/plain', 'ea87b74f82824c1a2157cf714ee1da0c65fab43464aa8e23f0af3d9f390efd7c', 'en', '{}', '2026-11-25T19:44:57+00:00', X'EF320B39C72DCE95');
INSERT INTO documents ("id", "source", "title", "text", "media_type", "sha256", "language", "metadata", "created_at", "seal") VALUES ('5e197d876131aa13', '运费.md', '运费', '标准快递运费为12元，满199元包邮。', 'text/plain', '583a2749b111fe6bc5d9df41df65673f296e66c71b3a48125ab7eb4d75f15a67', 'zh', '{}', '2026-11-25T19:44:58+00:00', X'E7448BD86F643AA9');
INSERT INTO documents ("id", "source", "title", "text", "media_type", "sha256", "language", "metadata", "created_at", "seal") VALUES ('cff120993abf8d9d', 'codes.csv', 'codes.csv', 'Code: AQ-300/B; Price: 1299', 'text/plain', 'a993b39ccd568b75474a87d97827ab5e19eccdcd9b04f7d0ebb31bc65ae8e06a', 'en', '{"region": "cn"}', '2026-11-25T19:44:58+00:00', X'E88777D118E008E5');
INSERT INTO vectors ("number", "vector", "seal") VALUES (1, X'9E64223B9E64223B6423803E9E64223B6423803E9E64223B9E64223B9E64223B9E64223B9E64223B9E64223B9E64223B9E64223B6423803E9E64223B6423803E9E64223B9E64223B6423803E9E64223B9E64223B9E64223B9E64223B9E64223B9E64223B9E64223B9E64223B9E64223B9E64223B9E64223B9E64223B9E64223B9E64223B9E64223B9E64223B9E64223B6423803E6423803EFF01FF3E9E64223B9E64223B9E64223B9E64223B9E64223B9E64223B6423803E6423803E9E64223B6423803E9E64223B9E64223B6423803E9E64223B9E64223B9E64223B9E64223B9E64223B6423803E9E64223B9E64223B9E64223B9E64223B9E64223B9E64223B', X'607E874C39419C25');
INSERT INTO vectors ("number", "vector", "seal") VALUES (2, X'867B023BEFEA4D3E867B023B867B023B867B023B867B023B867B023BEFEA4D3E867B023B867B023B867B023B867B023BEFEA4D3E7C634C3F867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023BEFEA4D3E867B023BF8E5CC3E867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023B867B023BEFEA4D3E867B023B867B023B867B023B867B023B867B023B', X'8C4E3E464A5B2221');
INSERT INTO vectors ("number", "vector", "seal") VALUES (3, X'8B98433B8B98433B8B98433B8B98433B5D569A3E5D569A3E8B98433B8B98433B8B98433B8B98433B8B98433B8B98433B8B98433B5D569A3E8B98433B8B98433B5D569A3E8B98433B8B98433B8B98433B5D569A3E8B98433B8B98433B5D569A3E5D569A3E5D569A3E8B98433B8B98433B8B98433B8B98433B8B98433B8B98433B8B98433B8B98433B8B98433B8B98433B8B98433B8B98433B8B98433B8B98433B8B98433B8B98433B8B98433B8B98433B8B98433B8B98433B8B98433B8B98433B8B98433B8B98433B8B98433B5D569A3E8B98433B8B98433B8B98433B8B98433B8B98433B5D569A3E8B98433B5D569A3E8B98433B8B98433B8B98433B8B98433B', X'1FC6FE4E97FAFFDB');
INSERT INTO token_codes ("number", "codes") VALUES (1, X'AA94EE730AE0C6765C67A3206B50B613FD8274D2C2F3BE7604F572EF939EE978E93B394FE5FE88817CED1964B2F3F0B2477771B5A0D8A01D019C4420C1BF8C4BBD7DF295BACDF2E516214241DD81C059E2810DE013660F694753E05D94FB98CA0CE0BD2E036DD17D1DF91F925BFF8586');
INSERT INTO token_codes ("number", "codes") VALUES (2, X'7C1D94A2944F64120E6264762CC830D630BB4BD453E4E4007C1D94A2944F641275908C1F22D6CF45366F5042E42F6CE259F0D55D012AF7BEAD3B79867B87233D10000AB7708C34FF59F0D55D012AF7BE5ED162DBE2B2F550');
INSERT INTO token_codes ("number", "codes") VALUES (3, X'30E801FD8B18ECB1E56C9886355078E655F76BCC4856C9E1F5EC819D42FD0749D414A0A9B3F29E9B448DAEA604F051DAFFA5C7894316E6A6BE1ECBD58721697898258C2A0D733EDDE9B18990556BA25C2AAF7B1E8A2F792B');
INSERT INTO conversations ("number", "conversation_id", "role", "text", "created_at", "seal") VALUES (1, 'c0ffeec0ffeec0ffeec0ffeec0ffeec0', 'user', 'Can I return it?', '2026-11-25T19:44:58+00:00', X'E9D33DB12D1B219C');
INSERT INTO conversations ("number", "conversation_id", "role", "text", "created_at", "seal") VALUES (2, 'c0ffeec0ffeec0ffeec0ffeec0ffeec0', 'assistant', 'Unused goods can be returned within 7 days.', '2026-11-25T19:44:58+00:00', X'3468EA615E0347BB');
INSERT INTO chunks ("number", "id", "document_id", "text", "start", "end", "page", "heading_path", "kind", "context", "question", "seal") VALUES (1, '70bde067048e35f6-00000', '70bde067048e35f6', 'Unused goods can be returned within 7 days.

The buyer pays return shipping.', 0, 76, NULL, '[]', 'paragraph', 'Returns', '', X'043D66A85BD0583F');
INSERT INTO chunks ("number", "id", "document_id", "text", "start", "end", "page", "heading_path", "kind", "context", "question", "seal") VALUES (2, '5e197d876131aa13-00000', '5e197d876131aa13', '标准快递运费为12元，满199元包邮。', 0, 19, NULL, '[]', 'paragraph', '运费', '', X'81D289CA8B2C061A');
INSERT INTO chunks ("number", "id", "document_id", "text", "start", "end", "page", "heading_path", "kind", "context", "question", "seal") VALUES (3, 'cff120993abf8d9d-00000', 'cff120993abf8d9d', 'Code: AQ-300/B; Price: 1299', 0, 27, NULL, '[]', 'paragraph', 'codes.csv', '', X'FC4CFCCB0D754E1A');
INSERT INTO chunk_terms (rowid, "terms") VALUES (1, 'return unus good can be return within 7 day the buyer pay return ship');
INSERT INTO chunk_terms (rowid, "terms") VALUES (2, '运费 标准 快递 运费 为 12 元 满 199 元 包邮');
INSERT INTO chunk_terms (rowid, "terms") VALUES (3, 'codes.csv code csv code aq-300/b aq300b aq 300 b price 1299');
INSERT INTO alembic_version ("version_num") VALUES ('0003');
INSERT INTO turn_sources ("turn", "document_id") VALUES (2, '');
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence ("name", "seq") VALUES ('chunks', 3);
INSERT INTO sqlite_sequence ("name", "seq") VALUES ('conversations', 2);
CREATE INDEX ix_conversations_conversation_id ON conversations (conversation_id);
CREATE INDEX ix_chunks_document_id ON chunks (document_id);
CREATE INDEX ix_turn_sources_document_id ON turn_sources (document_id);
CREATE INDEX dated_documents ON documents (id) WHERE json_extract(metadata, '$.effective_from') IS NOT NULL OR json_extract(metadata, '$.effective_until') IS NOT NULL;
CREATE INDEX ix_conversation_subjects_subject ON conversation_subjects (subject);
CREATE INDEX ix_corrections_document_id ON corrections (document_id);
