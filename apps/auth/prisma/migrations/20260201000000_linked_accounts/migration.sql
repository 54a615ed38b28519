-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "auth";

-- CreateTable
CREATE TABLE "account" (
    "id" TEXT NOT NULL,
    "display_name" TEXT NOT NULL,
    "linked_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "state" TEXT NOT NULL,
    "broken_why" TEXT,
    "may_write" BOOLEAN NOT NULL,
    "refresh_token" BYTEA NOT NULL,
    "access_token" BYTEA NOT NULL,
    "access_expires_at" TIMESTAMPTZ(3) NOT NULL,
    "refresh_sent_at" TIMESTAMPTZ(3),
    "keys_read_at" TIMESTAMPTZ(3),
    "keys_due_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "keys_error_code" TEXT,

    CONSTRAINT "account_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "account_key" (
    "fingerprint" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,
    "known_since" TIMESTAMPTZ(3) NOT NULL,
    "seen_at" TIMESTAMPTZ(3) NOT NULL,
    "expires_on" TIMESTAMPTZ(3),

    CONSTRAINT "account_key_pkey" PRIMARY KEY ("fingerprint")
);

-- CreateTable
CREATE TABLE "access_key_list" (
    "kind" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "read_at" TIMESTAMPTZ(3),
    "tried_at" TIMESTAMPTZ(3),
    "error_code" TEXT,

    CONSTRAINT "access_key_list_pkey" PRIMARY KEY ("kind","name")
);

-- CreateTable
CREATE TABLE "access_key" (
    "kind" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "primary_id" TEXT NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "label" TEXT NOT NULL,

    CONSTRAINT "access_key_pkey" PRIMARY KEY ("kind","name","primary_id")
);

-- CreateTable
CREATE TABLE "budget" (
    "name" TEXT NOT NULL,
    "calls" DOUBLE PRECISION NOT NULL,
    "filled_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "budget_pkey" PRIMARY KEY ("name")
);

-- CreateTable
CREATE TABLE "session" (
    "id_hash" TEXT NOT NULL,
    "account_id" TEXT NOT NULL,
    "ends_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "session_pkey" PRIMARY KEY ("id_hash")
);

-- CreateTable
CREATE TABLE "attempt" (
    "state_hash" TEXT NOT NULL,
    "browser_hash" TEXT NOT NULL,
    "verifier" BYTEA,
    "ends_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "attempt_pkey" PRIMARY KEY ("state_hash")
);

-- CreateIndex
CREATE INDEX "account_keys_due_at_idx" ON "account"("keys_due_at");

-- CreateIndex
CREATE INDEX "account_key_account_id_idx" ON "account_key"("account_id");

-- CreateIndex
CREATE INDEX "access_key_list_kind_tried_at_idx" ON "access_key_list"("kind", "tried_at");

-- CreateIndex
CREATE INDEX "access_key_fingerprint_idx" ON "access_key"("fingerprint");

-- CreateIndex
CREATE INDEX "session_account_id_idx" ON "session"("account_id");

-- CreateIndex
CREATE INDEX "session_ends_at_idx" ON "session"("ends_at");

-- CreateIndex
CREATE INDEX "attempt_ends_at_idx" ON "attempt"("ends_at");

-- AddForeignKey
ALTER TABLE "account_key" ADD CONSTRAINT "account_key_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "account"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "access_key" ADD CONSTRAINT "access_key_kind_name_fkey" FOREIGN KEY ("kind", "name") REFERENCES "access_key_list"("kind", "name") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "session" ADD CONSTRAINT "session_account_id_fkey" FOREIGN KEY ("account_id") REFERENCES "account"("id") ON DELETE CASCADE ON UPDATE CASCADE;
