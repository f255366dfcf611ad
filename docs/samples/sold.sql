-- #region grants
CREATE SCHEMA reports;
CREATE TABLE reports.sold (sku text PRIMARY KEY, pieces int NOT NULL);
GRANT USAGE ON SCHEMA reports TO logfold_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON reports.sold TO logfold_app;
-- #endregion
