-- Browsers that have shown the admin token.
CREATE TABLE "page_session" (
    "id_hash" TEXT NOT NULL,
    "ends_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "page_session_pkey" PRIMARY KEY ("id_hash")
);
