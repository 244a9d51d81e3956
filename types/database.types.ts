export type Json = string | number | boolean | null | { [key: string]: Json | undefined } | Json[];

export type Database = {
  "public": {
    Tables: {
      "agents": {
        Row: {
          "created_at": string;
          "description": string;
          "endpoint_url": string;
          "id": string;
          "name": string;
          "settings": NonNullable<Json>;
          "slug": string;
          "status": string;
          "updated_at": string;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string;
          "description"?: string;
          "endpoint_url": string;
          "id"?: string;
          "name": string;
          "settings"?: NonNullable<Json>;
          "slug": string;
          "status"?: string;
          "updated_at"?: string;
          "workspace_id": string;
        };
        Update: {
          "created_at"?: string;
          "description"?: string;
          "endpoint_url"?: string;
          "id"?: string;
          "name"?: string;
          "settings"?: NonNullable<Json>;
          "slug"?: string;
          "status"?: string;
          "updated_at"?: string;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "agents_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "audit_log": {
        Row: {
          "action": string;
          "actor_id": string | null;
          "agent_id": string | null;
          "detail": NonNullable<Json>;
          "id": number;
          "occurred_at": string;
          "occurred_on": string;
          "request_id": string | null;
          "subject_id": string | null;
          "subject_type": string | null;
          "workspace_id": string;
          "xid": number;
        };
        ComputedFields: never;
        Insert: {
          "action": string;
          "actor_id"?: string | null;
          "agent_id"?: string | null;
          "detail"?: NonNullable<Json>;
          "id"?: never;
          "occurred_at"?: string;
          "occurred_on"?: string;
          "request_id"?: string | null;
          "subject_id"?: string | null;
          "subject_type"?: string | null;
          "workspace_id": string;
          "xid"?: number;
        };
        Update: {
          "action"?: string;
          "actor_id"?: string | null;
          "agent_id"?: string | null;
          "detail"?: NonNullable<Json>;
          "id"?: never;
          "occurred_at"?: string;
          "occurred_on"?: string;
          "request_id"?: string | null;
          "subject_id"?: string | null;
          "subject_type"?: string | null;
          "workspace_id"?: string;
          "xid"?: number;
        };
        Relationships: [];
      };
      "audit_seals": {
        Row: {
          "digest": string;
          "entries": number;
          "first_id": number;
          "from_xid": number;
          "last_id": number;
          "month": string;
          "ordinal": number;
          "previous_digest": string;
          "sealed_at": string;
          "to_xid": number;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "digest": string;
          "entries": number;
          "first_id": number;
          "from_xid": number;
          "last_id": number;
          "month": string;
          "ordinal": number;
          "previous_digest": string;
          "sealed_at"?: string;
          "to_xid": number;
          "workspace_id": string;
        };
        Update: {
          "digest"?: string;
          "entries"?: number;
          "first_id"?: number;
          "from_xid"?: number;
          "last_id"?: number;
          "month"?: string;
          "ordinal"?: number;
          "previous_digest"?: string;
          "sealed_at"?: string;
          "to_xid"?: number;
          "workspace_id"?: string;
        };
        Relationships: [];
      };
      "billing_events": {
        Row: {
          "agent_id": string | null;
          "amount_minor": number;
          "currency": string;
          "id": number;
          "kind": string;
          "occurred_at": string;
          "occurred_on": string;
          "quantity": number;
          "request_id": string | null;
          "unit": string;
          "user_id": string | null;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "agent_id"?: string | null;
          "amount_minor"?: number;
          "currency"?: string;
          "id"?: never;
          "kind": string;
          "occurred_at"?: string;
          "occurred_on"?: string;
          "quantity": number;
          "request_id"?: string | null;
          "unit": string;
          "user_id"?: string | null;
          "workspace_id": string;
        };
        Update: {
          "agent_id"?: string | null;
          "amount_minor"?: number;
          "currency"?: string;
          "id"?: never;
          "kind"?: string;
          "occurred_at"?: string;
          "occurred_on"?: string;
          "quantity"?: number;
          "request_id"?: string | null;
          "unit"?: string;
          "user_id"?: string | null;
          "workspace_id"?: string;
        };
        Relationships: [];
      };
      "businesses": {
        Row: {
          "created_at": string;
          "id": string;
          "name": string;
          "prefix": string;
          "time_zone": string;
          "updated_at": string;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string;
          "id"?: string;
          "name": string;
          "prefix"?: string;
          "time_zone"?: string;
          "updated_at"?: string;
          "workspace_id": string;
        };
        Update: {
          "created_at"?: string;
          "id"?: string;
          "name"?: string;
          "prefix"?: string;
          "time_zone"?: string;
          "updated_at"?: string;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "businesses_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "document_chunks": {
        Row: {
          "content": string;
          "content_hash": string;
          "content_tsv": unknown;
          "created_at": string;
          "document_id": string;
          "embedding": unknown;
          "embedding_model": string | null;
          "heading": string | null;
          "id": string;
          "language": string;
          "metadata": NonNullable<Json>;
          "ordinal": number;
          "token_count": number;
          "updated_at": string;
          "user_id": string | null;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "content": string;
          "content_hash"?: never;
          "content_tsv"?: never;
          "created_at"?: string;
          "document_id": string;
          "embedding"?: unknown;
          "embedding_model"?: string | null;
          "heading"?: string | null;
          "id"?: string;
          "language"?: string;
          "metadata"?: NonNullable<Json>;
          "ordinal": number;
          "token_count": number;
          "updated_at"?: string;
          "user_id"?: string | null;
          "workspace_id": string;
        };
        Update: {
          "content"?: string;
          "content_hash"?: never;
          "content_tsv"?: never;
          "created_at"?: string;
          "document_id"?: string;
          "embedding"?: unknown;
          "embedding_model"?: string | null;
          "heading"?: string | null;
          "id"?: string;
          "language"?: string;
          "metadata"?: NonNullable<Json>;
          "ordinal"?: number;
          "token_count"?: number;
          "updated_at"?: string;
          "user_id"?: string | null;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "document_chunks_workspace_id_document_id_fkey";
            columns: ["workspace_id", "document_id"];
            isOneToOne: false;
            referencedRelation: "documents";
            referencedColumns: ["workspace_id", "id"];
          },
        ];
      };
      "documents": {
        Row: {
          "content": string;
          "content_hash": string;
          "content_tsv": unknown;
          "created_at": string;
          "created_by": string | null;
          "id": string;
          "language": string;
          "metadata": NonNullable<Json>;
          "mime_type": string | null;
          "name": string;
          "path": unknown;
          "source_id": string | null;
          "source_type": string;
          "storage_path": string | null;
          "tags": (string)[];
          "updated_at": string;
          "user_id": string | null;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "content"?: string;
          "content_hash"?: never;
          "content_tsv"?: never;
          "created_at"?: string;
          "created_by"?: string | null;
          "id"?: string;
          "language"?: string;
          "metadata"?: NonNullable<Json>;
          "mime_type"?: string | null;
          "name": string;
          "path": unknown;
          "source_id"?: string | null;
          "source_type"?: string;
          "storage_path"?: string | null;
          "tags"?: (string)[];
          "updated_at"?: string;
          "user_id"?: string | null;
          "workspace_id": string;
        };
        Update: {
          "content"?: string;
          "content_hash"?: never;
          "content_tsv"?: never;
          "created_at"?: string;
          "created_by"?: string | null;
          "id"?: string;
          "language"?: string;
          "metadata"?: NonNullable<Json>;
          "mime_type"?: string | null;
          "name"?: string;
          "path"?: unknown;
          "source_id"?: string | null;
          "source_type"?: string;
          "storage_path"?: string | null;
          "tags"?: (string)[];
          "updated_at"?: string;
          "user_id"?: string | null;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "documents_created_by_fkey";
            columns: ["created_by"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["user_id"];
          },
          {
            foreignKeyName: "documents_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["user_id"];
          },
          {
            foreignKeyName: "documents_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "embedding_jobs": {
        Row: {
          "attempts": number;
          "claim_token": string | null;
          "claimed_by": string | null;
          "content_hash": string;
          "created_at": string;
          "dedupe_key": string | null;
          "finished_at": string | null;
          "id": number;
          "last_error": string | null;
          "lease_expires_at": string | null;
          "max_attempts": number;
          "priority": number;
          "scheduled_for": string;
          "status": string;
          "target_id": string;
          "target_table": string;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "attempts"?: number;
          "claim_token"?: string | null;
          "claimed_by"?: string | null;
          "content_hash": string;
          "created_at"?: string;
          "dedupe_key"?: string | null;
          "finished_at"?: string | null;
          "id"?: never;
          "last_error"?: string | null;
          "lease_expires_at"?: string | null;
          "max_attempts"?: number;
          "priority"?: number;
          "scheduled_for"?: string;
          "status"?: string;
          "target_id": string;
          "target_table": string;
          "workspace_id": string;
        };
        Update: {
          "attempts"?: number;
          "claim_token"?: string | null;
          "claimed_by"?: string | null;
          "content_hash"?: string;
          "created_at"?: string;
          "dedupe_key"?: string | null;
          "finished_at"?: string | null;
          "id"?: never;
          "last_error"?: string | null;
          "lease_expires_at"?: string | null;
          "max_attempts"?: number;
          "priority"?: number;
          "scheduled_for"?: string;
          "status"?: string;
          "target_id"?: string;
          "target_table"?: string;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "embedding_jobs_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "invitations": {
        Row: {
          "created_at": string;
          "email": string;
          "expires_at": string;
          "id": string;
          "invited_by": string | null;
          "role": string;
          "status": string;
          "token_hash": string;
          "updated_at": string;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string;
          "email": string;
          "expires_at"?: string;
          "id"?: string;
          "invited_by"?: string | null;
          "role"?: string;
          "status"?: string;
          "token_hash": string;
          "updated_at"?: string;
          "workspace_id": string;
        };
        Update: {
          "created_at"?: string;
          "email"?: string;
          "expires_at"?: string;
          "id"?: string;
          "invited_by"?: string | null;
          "role"?: string;
          "status"?: string;
          "token_hash"?: string;
          "updated_at"?: string;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "invitations_invited_by_fkey";
            columns: ["invited_by"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["user_id"];
          },
          {
            foreignKeyName: "invitations_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "members": {
        Row: {
          "created_at": string;
          "invited_by": string | null;
          "role": string;
          "updated_at": string;
          "user_id": string;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string;
          "invited_by"?: string | null;
          "role"?: string;
          "updated_at"?: string;
          "user_id": string;
          "workspace_id": string;
        };
        Update: {
          "created_at"?: string;
          "invited_by"?: string | null;
          "role"?: string;
          "updated_at"?: string;
          "user_id"?: string;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "members_invited_by_fkey";
            columns: ["invited_by"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["user_id"];
          },
          {
            foreignKeyName: "members_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["user_id"];
          },
          {
            foreignKeyName: "members_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "memories": {
        Row: {
          "agent_id": string | null;
          "category": string;
          "confidence": number;
          "confirmations": number;
          "confirmed_at": string;
          "content": string;
          "content_hash": string;
          "content_tsv": unknown;
          "created_at": string;
          "embedding": unknown;
          "embedding_model": string | null;
          "extractor": string | null;
          "id": string;
          "kind": string;
          "language": string;
          "last_recalled_at": string | null;
          "recalled_count": number;
          "source_kind": string;
          "source_message_id": string | null;
          "subject": string | null;
          "superseded_by": string | null;
          "tier": string;
          "updated_at": string;
          "user_id": string;
          "valid_from": string;
          "valid_to": string | null;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "agent_id"?: string | null;
          "category"?: string;
          "confidence"?: number;
          "confirmations"?: number;
          "confirmed_at"?: string;
          "content": string;
          "content_hash"?: never;
          "content_tsv"?: never;
          "created_at"?: string;
          "embedding"?: unknown;
          "embedding_model"?: string | null;
          "extractor"?: string | null;
          "id"?: string;
          "kind"?: string;
          "language"?: string;
          "last_recalled_at"?: string | null;
          "recalled_count"?: number;
          "source_kind"?: string;
          "source_message_id"?: string | null;
          "subject"?: string | null;
          "superseded_by"?: string | null;
          "tier"?: string;
          "updated_at"?: string;
          "user_id": string;
          "valid_from"?: string;
          "valid_to"?: string | null;
          "workspace_id": string;
        };
        Update: {
          "agent_id"?: string | null;
          "category"?: string;
          "confidence"?: number;
          "confirmations"?: number;
          "confirmed_at"?: string;
          "content"?: string;
          "content_hash"?: never;
          "content_tsv"?: never;
          "created_at"?: string;
          "embedding"?: unknown;
          "embedding_model"?: string | null;
          "extractor"?: string | null;
          "id"?: string;
          "kind"?: string;
          "language"?: string;
          "last_recalled_at"?: string | null;
          "recalled_count"?: number;
          "source_kind"?: string;
          "source_message_id"?: string | null;
          "subject"?: string | null;
          "superseded_by"?: string | null;
          "tier"?: string;
          "updated_at"?: string;
          "user_id"?: string;
          "valid_from"?: string;
          "valid_to"?: string | null;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "memories_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["user_id"];
          },
          {
            foreignKeyName: "memories_workspace_id_agent_id_fkey";
            columns: ["workspace_id", "agent_id"];
            isOneToOne: false;
            referencedRelation: "agents";
            referencedColumns: ["workspace_id", "id"];
          },
          {
            foreignKeyName: "memories_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "memories_workspace_id_superseded_by_fkey";
            columns: ["workspace_id", "superseded_by"];
            isOneToOne: false;
            referencedRelation: "memories";
            referencedColumns: ["workspace_id", "id"];
          },
        ];
      };
      "memory_sources": {
        Row: {
          "confidence": number;
          "content": string;
          "extractor": string | null;
          "id": number;
          "memory_id": string;
          "said_at": string;
          "source_kind": string;
          "source_message_id": string | null;
          "user_id": string;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "confidence": number;
          "content": string;
          "extractor"?: string | null;
          "id"?: never;
          "memory_id": string;
          "said_at"?: string;
          "source_kind": string;
          "source_message_id"?: string | null;
          "user_id": string;
          "workspace_id": string;
        };
        Update: {
          "confidence"?: number;
          "content"?: string;
          "extractor"?: string | null;
          "id"?: never;
          "memory_id"?: string;
          "said_at"?: string;
          "source_kind"?: string;
          "source_message_id"?: string | null;
          "user_id"?: string;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "memory_sources_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["user_id"];
          },
          {
            foreignKeyName: "memory_sources_workspace_id_memory_id_fkey";
            columns: ["workspace_id", "memory_id"];
            isOneToOne: false;
            referencedRelation: "memories";
            referencedColumns: ["workspace_id", "id"];
          },
        ];
      };
      "permissions": {
        Row: {
          "agent_id": string;
          "can_use": boolean;
          "created_at": string;
          "expires_at": string | null;
          "granted_by": string | null;
          "reason": string | null;
          "updated_at": string;
          "user_id": string;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "agent_id": string;
          "can_use"?: boolean;
          "created_at"?: string;
          "expires_at"?: string | null;
          "granted_by"?: string | null;
          "reason"?: string | null;
          "updated_at"?: string;
          "user_id": string;
          "workspace_id": string;
        };
        Update: {
          "agent_id"?: string;
          "can_use"?: boolean;
          "created_at"?: string;
          "expires_at"?: string | null;
          "granted_by"?: string | null;
          "reason"?: string | null;
          "updated_at"?: string;
          "user_id"?: string;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "agent_is_of_the_workspace";
            columns: ["workspace_id", "agent_id"];
            isOneToOne: false;
            referencedRelation: "agents";
            referencedColumns: ["workspace_id", "id"];
          },
          {
            foreignKeyName: "permissions_granted_by_fkey";
            columns: ["granted_by"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["user_id"];
          },
          {
            foreignKeyName: "person_is_a_member";
            columns: ["workspace_id", "user_id"];
            isOneToOne: false;
            referencedRelation: "members";
            referencedColumns: ["workspace_id", "user_id"];
          },
        ];
      };
      "profiles": {
        Row: {
          "avatar_url": string | null;
          "created_at": string;
          "display_name": string | null;
          "email": string | null;
          "locale": string;
          "settings": NonNullable<Json>;
          "time_zone": string;
          "updated_at": string;
          "user_id": string;
        };
        ComputedFields: never;
        Insert: {
          "avatar_url"?: string | null;
          "created_at"?: string;
          "display_name"?: string | null;
          "email"?: string | null;
          "locale"?: string;
          "settings"?: NonNullable<Json>;
          "time_zone"?: string;
          "updated_at"?: string;
          "user_id": string;
        };
        Update: {
          "avatar_url"?: string | null;
          "created_at"?: string;
          "display_name"?: string | null;
          "email"?: string | null;
          "locale"?: string;
          "settings"?: NonNullable<Json>;
          "time_zone"?: string;
          "updated_at"?: string;
          "user_id"?: string;
        };
        Relationships: [];
      };
      "usage_daily": {
        Row: {
          "amount_minor": number;
          "currency": string;
          "day": string;
          "kind": string;
          "quantity": number;
          "updated_at": string;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "amount_minor": number;
          "currency": string;
          "day": string;
          "kind": string;
          "quantity": number;
          "updated_at"?: string;
          "workspace_id": string;
        };
        Update: {
          "amount_minor"?: number;
          "currency"?: string;
          "day"?: string;
          "kind"?: string;
          "quantity"?: number;
          "updated_at"?: string;
          "workspace_id"?: string;
        };
        Relationships: [];
      };
      "workspaces": {
        Row: {
          "billing_plan": string;
          "created_at": string;
          "deleted_at": string | null;
          "id": string;
          "k8s_namespace": string | null;
          "name": string;
          "region": string;
          "settings": NonNullable<Json>;
          "slug": string;
          "updated_at": string;
        };
        ComputedFields: never;
        Insert: {
          "billing_plan"?: string;
          "created_at"?: string;
          "deleted_at"?: string | null;
          "id"?: string;
          "k8s_namespace"?: string | null;
          "name": string;
          "region"?: string;
          "settings"?: NonNullable<Json>;
          "slug": string;
          "updated_at"?: string;
        };
        Update: {
          "billing_plan"?: string;
          "created_at"?: string;
          "deleted_at"?: string | null;
          "id"?: string;
          "k8s_namespace"?: string | null;
          "name"?: string;
          "region"?: string;
          "settings"?: NonNullable<Json>;
          "slug"?: string;
          "updated_at"?: string;
        };
        Relationships: [];
      };
    };
    Views: {
      "work_health": {
        Row: {
          "due": number | null;
          "failed": number | null;
          "in_progress": number | null;
          "last_failure": string | null;
          "lease_ended": number | null;
          "oldest_due_seconds": number | null;
          "pending": number | null;
          "queue": string | null;
        };
        ComputedFields: never;
        Relationships: [];
      };
    };
    Functions: {
      "accept_invitation": { Args: { "token": string }; Returns: string };
      "audit_anchor": {
        Args: { "workspace_id": string };
        Returns: {
          "digest": string;
          "last_id": number;
          "ordinal": number;
          "sealed_at": string;
        }[];
      };
      "cancel_work": {
        Args: { "ids": (number)[]; "queue": string; "reason"?: string };
        Returns: number;
      };
      "claim_work": {
        Args: { "batch"?: number; "lease"?: string; "queue": string; "worker": string };
        Returns: {
          "attempts": number;
          "claim_token": string;
          "id": number;
          "lease_expires_at": string;
          "max_attempts": number;
          "work": Json;
          "workspace_id": string;
        }[];
      };
      "complete_work": {
        Args: { "claim_token": string; "ids": (number)[]; "outcome"?: Json; "queue": string };
        Returns: number;
      };
      "create_workspace": {
        Args: { "name": string; "region"?: string; "slug": string };
        Returns: {
          "billing_plan": string;
          "created_at": string;
          "deleted_at": string | null;
          "id": string;
          "k8s_namespace": string | null;
          "name": string;
          "region": string;
          "settings": NonNullable<Json>;
          "slug": string;
          "updated_at": string;
        };
        SetofOptions: {
          from: "*";
          to: "workspaces";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "delete_workspace": { Args: { "workspace_id": string }; Returns: string };
      "enqueue_work": {
        Args: { "items": Json; "queue": string };
        Returns: {
          "id": number;
          "is_new": boolean;
        }[];
      };
      "explain_access": {
        Args: { "agent_id": string; "user_id"?: string };
        Returns: {
          "allowed": boolean;
          "decided_by": Json;
          "reason": string;
        }[];
      };
      "fail_work": {
        Args: {
          "claim_token": string;
          "error": string;
          "ids": (number)[];
          "queue": string;
          "retry"?: boolean;
          "retry_in"?: string;
        };
        Returns: number;
      };
      "forget": { Args: { "memory_id": string; "user_id"?: string }; Returns: number };
      "heartbeat_work": {
        Args: { "claim_token": string; "ids": (number)[]; "lease"?: string; "queue": string };
        Returns: string;
      };
      "invite_member": {
        Args: { "email": string; "role"?: string; "workspace_id": string };
        Returns: {
          "expires_at": string;
          "invitation_id": string;
          "token": string;
        }[];
      };
      "leave_workspace": { Args: { "workspace_id": string }; Returns: undefined };
      "list_documents": {
        Args: { "below"?: string; "user_id"?: string; "workspace_id": string };
        Returns: {
          "document_id": string;
          "documents_below": number;
          "name": string;
          "path": string;
          "updated_at": string;
        }[];
      };
      "log_audit": {
        Args: {
          "action": string;
          "agent_id"?: string;
          "detail"?: Json;
          "request_id"?: string;
          "subject_id"?: string;
          "subject_type"?: string;
          "workspace_id": string;
        };
        Returns: number;
      };
      "match_documents": {
        Args: { "filter"?: Json; "match_count"?: number; "query_embedding": string };
        Returns: {
          "content": string;
          "embedding": Json;
          "id": string;
          "metadata": Json;
          "similarity": number;
        }[];
      };
      "memory_health": {
        Args: { "user_id"?: string; "workspace_id": string };
        Returns: {
          "near_duplicates": number;
          "never_recalled": number;
          "stale": number;
          "superseded": number;
          "valid": number;
          "without_embedding": number;
          "without_source": number;
        }[];
      };
      "move_documents": {
        Args: {
          "from_path": string;
          "to_path": string;
          "user_id"?: string;
          "workspace_id": string;
        };
        Returns: number;
      };
      "my_agents": {
        Args: Record<PropertyKey, never>;
        Returns: {
          "created_at": string;
          "description": string;
          "endpoint_url": string;
          "id": string;
          "name": string;
          "settings": NonNullable<Json>;
          "slug": string;
          "status": string;
          "updated_at": string;
          "workspace_id": string;
        }[];
        SetofOptions: {
          from: "*";
          to: "agents";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      "put_document": {
        Args: {
          "content": string;
          "language"?: string;
          "metadata"?: Json;
          "mime_type"?: string;
          "name"?: string;
          "path": string;
          "source_id"?: string;
          "source_type"?: string;
          "storage_path"?: string;
          "tags"?: (string)[];
          "user_id"?: string;
          "workspace_id": string;
        };
        Returns: {
          "id": string;
          "is_changed": boolean;
          "is_new": boolean;
        }[];
      };
      "recall": {
        Args: {
          "agent_id"?: string;
          "categories"?: (string)[];
          "embedding_model"?: string;
          "match_count"?: number;
          "only_kind"?: string;
          "query"?: string;
          "query_embedding"?: unknown;
          "user_id"?: string;
          "workspace_id": string;
        };
        Returns: {
          "category": string;
          "confidence": number;
          "confirmed_at": string;
          "content": string;
          "id": string;
          "kind": string;
          "score": number;
          "similarity": number;
          "subject": string;
          "tier": string;
          "valid_from": string;
        }[];
      };
      "record_usage": {
        Args: {
          "agent_id"?: string;
          "amount_minor"?: number;
          "currency"?: string;
          "kind": string;
          "quantity": number;
          "request_id"?: string;
          "unit": string;
          "user_id"?: string;
          "workspace_id": string;
        };
        Returns: boolean;
      };
      "redrive_work": {
        Args: { "ids"?: (number)[]; "most"?: number; "queue": string };
        Returns: number;
      };
      "remember": {
        Args: {
          "agent_id"?: string;
          "category"?: string;
          "confidence"?: number;
          "content": string;
          "embedding"?: unknown;
          "embedding_model"?: string;
          "extractor"?: string;
          "kind"?: string;
          "source_kind"?: string;
          "source_message_id"?: string;
          "subject"?: string;
          "supersedes"?: string;
          "user_id"?: string;
          "valid_from"?: string;
          "workspace_id": string;
        };
        Returns: {
          "id": string;
          "outcome": string;
        }[];
      };
      "restore_workspace": { Args: { "workspace_id": string }; Returns: undefined };
      "revoke_invitation": { Args: { "invitation_id": string }; Returns: undefined };
      "search_documents": {
        Args: {
          "embedding_model"?: string;
          "match_count"?: number;
          "query"?: string;
          "query_embedding"?: unknown;
          "tags"?: (string)[];
          "user_id"?: string;
          "within"?: string;
          "workspace_id": string;
        };
        Returns: {
          "chunk_id": string;
          "content": string;
          "document_id": string;
          "heading": string;
          "metadata": Json;
          "name": string;
          "path": string;
          "score": number;
          "similarity": number;
          "text_rank": number;
          "vector_rank": number;
        }[];
      };
      "snooze_work": {
        Args: {
          "claim_token": string;
          "ids": (number)[];
          "queue": string;
          "reason"?: string;
          "until": string;
        };
        Returns: number;
      };
      "transfer_ownership": {
        Args: { "to_user": string; "workspace_id": string };
        Returns: undefined;
      };
      "verify_audit_log": {
        Args: { "anchor"?: string; "workspace_id": string };
        Returns: {
          "broken_at": number;
          "entries": number;
          "head_digest": string;
          "is_valid": boolean;
          "reason": string;
          "sealed_through": string;
          "seals": number;
        }[];
      };
    };
    Enums: {
      [_ in never]: never;
    };
    CompositeTypes: {
      [_ in never]: never;
    };
  };
};

type DatabaseWithoutInternals = Omit<Database, "__InternalSupabase">;

type DefaultSchema = DatabaseWithoutInternals[Extract<keyof Database, "public">];

export type Tables<
  DefaultSchemaTableNameOrOptions extends
    | keyof (DefaultSchema["Tables"] & DefaultSchema["Views"])
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof (
      & DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
      & DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Views"]
    )
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals } ? (
    & DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    & DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Views"]
  )[TableName] extends {
    Row: infer R;
  } ? R
  : never
  : DefaultSchemaTableNameOrOptions extends keyof (DefaultSchema["Tables"] & DefaultSchema["Views"])
    ? (DefaultSchema["Tables"] & DefaultSchema["Views"])[DefaultSchemaTableNameOrOptions] extends {
      Row: infer R;
    } ? R
    : never
  : never;

export type TablesInsert<
  DefaultSchemaTableNameOrOptions extends
    | keyof DefaultSchema["Tables"]
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"][TableName] extends
    {
      Insert: infer I;
    } ? I
  : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema["Tables"]
    ? DefaultSchema["Tables"][DefaultSchemaTableNameOrOptions] extends {
      Insert: infer I;
    } ? I
    : never
  : never;

export type TablesUpdate<
  DefaultSchemaTableNameOrOptions extends
    | keyof DefaultSchema["Tables"]
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"][TableName] extends
    {
      Update: infer U;
    } ? U
  : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema["Tables"]
    ? DefaultSchema["Tables"][DefaultSchemaTableNameOrOptions] extends {
      Update: infer U;
    } ? U
    : never
  : never;

export type Enums<
  DefaultSchemaEnumNameOrOptions extends
    | keyof DefaultSchema["Enums"]
    | { schema: keyof DatabaseWithoutInternals },
  EnumName extends DefaultSchemaEnumNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions["schema"]]["Enums"]
    : never = never,
> = DefaultSchemaEnumNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions["schema"]]["Enums"][EnumName]
  : DefaultSchemaEnumNameOrOptions extends keyof DefaultSchema["Enums"]
    ? DefaultSchema["Enums"][DefaultSchemaEnumNameOrOptions]
  : never;

export type CompositeTypes<
  PublicCompositeTypeNameOrOptions extends
    | keyof DefaultSchema["CompositeTypes"]
    | { schema: keyof DatabaseWithoutInternals },
  CompositeTypeName extends PublicCompositeTypeNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions["schema"]]["CompositeTypes"]
    : never = never,
> = PublicCompositeTypeNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions["schema"]]["CompositeTypes"][
    CompositeTypeName
  ]
  : PublicCompositeTypeNameOrOptions extends keyof DefaultSchema["CompositeTypes"]
    ? DefaultSchema["CompositeTypes"][PublicCompositeTypeNameOrOptions]
  : never;

export const Constants = {
  "public": {
    Enums: {},
  },
} as const;
