export type Json = string | number | boolean | null | { [key: string]: Json | undefined } | Json[];

export type Database = {
  "public": {
    Tables: {
      "agent_consents": {
        Row: {
          "agent_id": string;
          "created_at": string;
          "granted_by": string | null;
          "id": string;
          "scopes": (string)[];
          "updated_at": string;
          "user_id": string | null;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "agent_id": string;
          "created_at"?: string;
          "granted_by"?: string | null;
          "id"?: string;
          "scopes": (string)[];
          "updated_at"?: string;
          "user_id"?: string | null;
          "workspace_id": string;
        };
        Update: {
          "agent_id"?: string;
          "created_at"?: string;
          "granted_by"?: string | null;
          "id"?: string;
          "scopes"?: (string)[];
          "updated_at"?: string;
          "user_id"?: string | null;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "agent_consents_granted_by_fkey";
            columns: ["granted_by"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["user_id"];
          },
          {
            foreignKeyName: "agent_is_of_the_workspace";
            columns: ["workspace_id", "agent_id"];
            isOneToOne: false;
            referencedRelation: "agents";
            referencedColumns: ["workspace_id", "id"];
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
      "agent_credentials": {
        Row: {
          "agent_id": string;
          "client_id": string | null;
          "client_issuer": string | null;
          "created_at": string;
          "created_by": string | null;
          "expires_at": string;
          "id": string;
          "last_used_at": string | null;
          "name": string;
          "scopes": (string)[];
          "secret_hash": string | null;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "agent_id": string;
          "client_id"?: string | null;
          "client_issuer"?: string | null;
          "created_at"?: string;
          "created_by"?: string | null;
          "expires_at": string;
          "id"?: string;
          "last_used_at"?: string | null;
          "name": string;
          "scopes": (string)[];
          "secret_hash"?: string | null;
          "workspace_id": string;
        };
        Update: {
          "agent_id"?: string;
          "client_id"?: string | null;
          "client_issuer"?: string | null;
          "created_at"?: string;
          "created_by"?: string | null;
          "expires_at"?: string;
          "id"?: string;
          "last_used_at"?: string | null;
          "name"?: string;
          "scopes"?: (string)[];
          "secret_hash"?: string | null;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "agent_credentials_created_by_fkey";
            columns: ["created_by"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["user_id"];
          },
          {
            foreignKeyName: "agent_is_of_the_workspace";
            columns: ["workspace_id", "agent_id"];
            isOneToOne: false;
            referencedRelation: "agents";
            referencedColumns: ["workspace_id", "id"];
          },
        ];
      };
      "agent_memory": {
        Row: {
          "agent_id": string | null;
          "confidence": number;
          "created_at": string;
          "id": string;
          "key": string;
          "memory_type": string;
          "updated_at": string;
          "value": NonNullable<Json>;
          "version": number;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "agent_id"?: string | null;
          "confidence"?: number;
          "created_at"?: string;
          "id"?: string;
          "key": string;
          "memory_type": string;
          "updated_at"?: string;
          "value": NonNullable<Json>;
          "version"?: number;
          "workspace_id": string;
        };
        Update: {
          "agent_id"?: string | null;
          "confidence"?: number;
          "created_at"?: string;
          "id"?: string;
          "key"?: string;
          "memory_type"?: string;
          "updated_at"?: string;
          "value"?: NonNullable<Json>;
          "version"?: number;
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
            foreignKeyName: "workspace_exists";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "agent_memory_history": {
        Row: {
          "agent_id": string | null;
          "changed_at": string;
          "changed_by": string | null;
          "confidence": number | null;
          "id": number;
          "key": string;
          "memory_type": string;
          "value": Json | null;
          "version": number;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "agent_id"?: string | null;
          "changed_at"?: string;
          "changed_by"?: string | null;
          "confidence"?: number | null;
          "id"?: never;
          "key": string;
          "memory_type": string;
          "value"?: Json | null;
          "version": number;
          "workspace_id": string;
        };
        Update: {
          "agent_id"?: string | null;
          "changed_at"?: string;
          "changed_by"?: string | null;
          "confidence"?: number | null;
          "id"?: never;
          "key"?: string;
          "memory_type"?: string;
          "value"?: Json | null;
          "version"?: number;
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
            foreignKeyName: "changed_by_somebody";
            columns: ["changed_by"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["user_id"];
          },
          {
            foreignKeyName: "workspace_exists";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "agents": {
        Row: {
          "created_at": string;
          "description": string;
          "endpoint_host": string | null;
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
          "endpoint_host"?: never;
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
          "endpoint_host"?: never;
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
      "ai_team_members": {
        Row: {
          "agent_id": string;
          "created_at": string;
          "id": string;
          "position": number;
          "role": string;
          "team_id": string;
          "updated_at": string;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "agent_id": string;
          "created_at"?: string;
          "id"?: string;
          "position": number;
          "role"?: string;
          "team_id": string;
          "updated_at"?: string;
          "workspace_id": string;
        };
        Update: {
          "agent_id"?: string;
          "created_at"?: string;
          "id"?: string;
          "position"?: number;
          "role"?: string;
          "team_id"?: string;
          "updated_at"?: string;
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
            foreignKeyName: "team_is_of_the_workspace";
            columns: ["workspace_id", "team_id"];
            isOneToOne: false;
            referencedRelation: "ai_teams";
            referencedColumns: ["workspace_id", "id"];
          },
        ];
      };
      "ai_teams": {
        Row: {
          "config": NonNullable<Json>;
          "created_at": string;
          "id": string;
          "name": string;
          "updated_at": string;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "config"?: NonNullable<Json>;
          "created_at"?: string;
          "id"?: string;
          "name": string;
          "updated_at"?: string;
          "workspace_id": string;
        };
        Update: {
          "config"?: NonNullable<Json>;
          "created_at"?: string;
          "id"?: string;
          "name"?: string;
          "updated_at"?: string;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "ai_teams_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "analytics_events": {
        Row: {
          "id": number;
          "name": string;
          "occurred_at": string;
          "occurred_on": string;
          "properties": NonNullable<Json>;
          "user_id": string | null;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "id"?: never;
          "name": string;
          "occurred_at"?: string;
          "occurred_on"?: string;
          "properties"?: NonNullable<Json>;
          "user_id"?: string | null;
          "workspace_id": string;
        };
        Update: {
          "id"?: never;
          "name"?: string;
          "occurred_at"?: string;
          "occurred_on"?: string;
          "properties"?: NonNullable<Json>;
          "user_id"?: string | null;
          "workspace_id"?: string;
        };
        Relationships: [];
      };
      "app_settings": {
        Row: {
          "created_at": string;
          "id": string;
          "key": string;
          "updated_at": string;
          "user_id": string | null;
          "value": NonNullable<Json>;
          "workspace_id": string | null;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string;
          "id"?: string;
          "key": string;
          "updated_at"?: string;
          "user_id"?: string | null;
          "value": NonNullable<Json>;
          "workspace_id"?: string | null;
        };
        Update: {
          "created_at"?: string;
          "id"?: string;
          "key"?: string;
          "updated_at"?: string;
          "user_id"?: string | null;
          "value"?: NonNullable<Json>;
          "workspace_id"?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "app_settings_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["user_id"];
          },
          {
            foreignKeyName: "app_settings_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "artifact_links": {
        Row: {
          "created_at": string;
          "from_id": string;
          "kind": string;
          "to_id": string;
          "user_id": string;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string;
          "from_id": string;
          "kind"?: string;
          "to_id": string;
          "user_id"?: string;
          "workspace_id": string;
        };
        Update: {
          "created_at"?: string;
          "from_id"?: string;
          "kind"?: string;
          "to_id"?: string;
          "user_id"?: string;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "artifact_links_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["user_id"];
          },
          {
            foreignKeyName: "artifact_links_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "artifacts": {
        Row: {
          "component_tree": Json | null;
          "content": string;
          "content_hash": string | null;
          "conversation_id": string | null;
          "created_at": string;
          "data_bindings": Json | null;
          "folder_id": string | null;
          "id": string;
          "kind": string;
          "summary_for_llm": string | null;
          "tags": (string)[];
          "title": string;
          "ui_state": NonNullable<Json>;
          "updated_at": string;
          "user_id": string;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "component_tree"?: Json | null;
          "content"?: string;
          "content_hash"?: never;
          "conversation_id"?: string | null;
          "created_at"?: string;
          "data_bindings"?: Json | null;
          "folder_id"?: string | null;
          "id"?: string;
          "kind": string;
          "summary_for_llm"?: string | null;
          "tags"?: (string)[];
          "title": string;
          "ui_state"?: NonNullable<Json>;
          "updated_at"?: string;
          "user_id"?: string;
          "workspace_id": string;
        };
        Update: {
          "component_tree"?: Json | null;
          "content"?: string;
          "content_hash"?: never;
          "conversation_id"?: string | null;
          "created_at"?: string;
          "data_bindings"?: Json | null;
          "folder_id"?: string | null;
          "id"?: string;
          "kind"?: string;
          "summary_for_llm"?: string | null;
          "tags"?: (string)[];
          "title"?: string;
          "ui_state"?: NonNullable<Json>;
          "updated_at"?: string;
          "user_id"?: string;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "artifacts_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["user_id"];
          },
          {
            foreignKeyName: "artifacts_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "conversation_is_its_owners";
            columns: ["conversation_id", "workspace_id", "user_id"];
            isOneToOne: false;
            referencedRelation: "conversations";
            referencedColumns: ["id", "workspace_id", "user_id"];
          },
          {
            foreignKeyName: "folder_is_its_owners";
            columns: ["workspace_id", "user_id", "folder_id"];
            isOneToOne: false;
            referencedRelation: "folders";
            referencedColumns: ["workspace_id", "user_id", "id"];
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
      "background_queries": {
        Row: {
          "agent_id": string | null;
          "attempts": number;
          "claim_token": string | null;
          "claimed_by": string | null;
          "conversation_id": string;
          "created_at": string;
          "dedupe_key": string | null;
          "finished_at": string | null;
          "id": number;
          "input": NonNullable<Json>;
          "last_error": string | null;
          "lease_expires_at": string | null;
          "max_attempts": number;
          "priority": number;
          "progress": string;
          "result": Json | null;
          "scheduled_for": string;
          "seen_at": string | null;
          "status": string;
          "summary_for_llm": string | null;
          "traceparent": string | null;
          "type": string;
          "user_id": string;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "agent_id"?: string | null;
          "attempts"?: number;
          "claim_token"?: string | null;
          "claimed_by"?: string | null;
          "conversation_id": string;
          "created_at"?: string;
          "dedupe_key"?: string | null;
          "finished_at"?: string | null;
          "id"?: never;
          "input"?: NonNullable<Json>;
          "last_error"?: string | null;
          "lease_expires_at"?: string | null;
          "max_attempts"?: number;
          "priority"?: number;
          "progress"?: never;
          "result"?: Json | null;
          "scheduled_for"?: string;
          "seen_at"?: string | null;
          "status"?: string;
          "summary_for_llm"?: string | null;
          "traceparent"?: string | null;
          "type": string;
          "user_id": string;
          "workspace_id": string;
        };
        Update: {
          "agent_id"?: string | null;
          "attempts"?: number;
          "claim_token"?: string | null;
          "claimed_by"?: string | null;
          "conversation_id"?: string;
          "created_at"?: string;
          "dedupe_key"?: string | null;
          "finished_at"?: string | null;
          "id"?: never;
          "input"?: NonNullable<Json>;
          "last_error"?: string | null;
          "lease_expires_at"?: string | null;
          "max_attempts"?: number;
          "priority"?: number;
          "progress"?: never;
          "result"?: Json | null;
          "scheduled_for"?: string;
          "seen_at"?: string | null;
          "status"?: string;
          "summary_for_llm"?: string | null;
          "traceparent"?: string | null;
          "type"?: string;
          "user_id"?: string;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "conversation_is_its_owners";
            columns: ["user_id", "workspace_id", "conversation_id"];
            isOneToOne: false;
            referencedRelation: "conversations";
            referencedColumns: ["user_id", "workspace_id", "id"];
          },
        ];
      };
      "billing_customers": {
        Row: {
          "created_at": string;
          "customer_id": string;
          "updated_at": string;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string;
          "customer_id": string;
          "updated_at"?: string;
          "workspace_id": string;
        };
        Update: {
          "created_at"?: string;
          "customer_id"?: string;
          "updated_at"?: string;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "billing_customers_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: true;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
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
      "budgets": {
        Row: {
          "agent_id": string | null;
          "amount": number;
          "created_at": string;
          "currency": string | null;
          "id": string;
          "is_hard": boolean;
          "per_call": number;
          "period": string;
          "updated_at": string;
          "user_id": string | null;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "agent_id"?: string | null;
          "amount": number;
          "created_at"?: string;
          "currency"?: string | null;
          "id"?: string;
          "is_hard"?: boolean;
          "per_call"?: number;
          "period": string;
          "updated_at"?: string;
          "user_id"?: string | null;
          "workspace_id": string;
        };
        Update: {
          "agent_id"?: string | null;
          "amount"?: number;
          "created_at"?: string;
          "currency"?: string | null;
          "id"?: string;
          "is_hard"?: boolean;
          "per_call"?: number;
          "period"?: string;
          "updated_at"?: string;
          "user_id"?: string | null;
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
            foreignKeyName: "budgets_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["user_id"];
          },
          {
            foreignKeyName: "budgets_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "build_content_queue": {
        Row: {
          "article": string;
          "attempts": number;
          "canonical_url": string | null;
          "claim_token": string | null;
          "claimed_by": string | null;
          "created_at": string;
          "dedupe_key": string | null;
          "external_id": string | null;
          "finished_at": string | null;
          "id": number;
          "last_error": string | null;
          "lease_expires_at": string | null;
          "max_attempts": number;
          "platform": string;
          "posted_url": string | null;
          "priority": number;
          "publish_at": string | null;
          "reference": string;
          "review_status": string;
          "scheduled_for": string;
          "status": string;
          "tags": (string)[];
          "title": string;
          "traceparent": string | null;
          "tried_at": string | null;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "article": string;
          "attempts"?: number;
          "canonical_url"?: string | null;
          "claim_token"?: string | null;
          "claimed_by"?: string | null;
          "created_at"?: string;
          "dedupe_key"?: string | null;
          "external_id"?: string | null;
          "finished_at"?: string | null;
          "id"?: never;
          "last_error"?: string | null;
          "lease_expires_at"?: string | null;
          "max_attempts"?: number;
          "platform"?: string;
          "posted_url"?: string | null;
          "priority"?: number;
          "publish_at"?: string | null;
          "reference"?: string;
          "review_status"?: string;
          "scheduled_for"?: string;
          "status"?: string;
          "tags"?: (string)[];
          "title": string;
          "traceparent"?: string | null;
          "tried_at"?: string | null;
          "workspace_id": string;
        };
        Update: {
          "article"?: string;
          "attempts"?: number;
          "canonical_url"?: string | null;
          "claim_token"?: string | null;
          "claimed_by"?: string | null;
          "created_at"?: string;
          "dedupe_key"?: string | null;
          "external_id"?: string | null;
          "finished_at"?: string | null;
          "id"?: never;
          "last_error"?: string | null;
          "lease_expires_at"?: string | null;
          "max_attempts"?: number;
          "platform"?: string;
          "posted_url"?: string | null;
          "priority"?: number;
          "publish_at"?: string | null;
          "reference"?: string;
          "review_status"?: string;
          "scheduled_for"?: string;
          "status"?: string;
          "tags"?: (string)[];
          "title"?: string;
          "traceparent"?: string | null;
          "tried_at"?: string | null;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "workspace_exists";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
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
      "call_outcomes": {
        Row: {
          "call_key": string | null;
          "callback_at": string | null;
          "created_at": string;
          "dial_id": number | null;
          "duration_seconds": number | null;
          "ended_at": string;
          "ended_reason": string | null;
          "follow_up": boolean;
          "id": string;
          "lead_id": string;
          "outcome": string;
          "provider_call_id": string | null;
          "raw_payload": Json | null;
          "recording_url": string | null;
          "sentiment": string | null;
          "transcript": string | null;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "call_key"?: string | null;
          "callback_at"?: string | null;
          "created_at"?: string;
          "dial_id"?: number | null;
          "duration_seconds"?: number | null;
          "ended_at"?: string;
          "ended_reason"?: string | null;
          "follow_up"?: boolean;
          "id"?: string;
          "lead_id": string;
          "outcome": string;
          "provider_call_id"?: string | null;
          "raw_payload"?: Json | null;
          "recording_url"?: string | null;
          "sentiment"?: string | null;
          "transcript"?: string | null;
          "workspace_id"?: string;
        };
        Update: {
          "call_key"?: string | null;
          "callback_at"?: string | null;
          "created_at"?: string;
          "dial_id"?: number | null;
          "duration_seconds"?: number | null;
          "ended_at"?: string;
          "ended_reason"?: string | null;
          "follow_up"?: boolean;
          "id"?: string;
          "lead_id"?: string;
          "outcome"?: string;
          "provider_call_id"?: string | null;
          "raw_payload"?: Json | null;
          "recording_url"?: string | null;
          "sentiment"?: string | null;
          "transcript"?: string | null;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "call_outcomes_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "dial_is_of_the_workspace";
            columns: ["workspace_id", "dial_id"];
            isOneToOne: false;
            referencedRelation: "dial_queue";
            referencedColumns: ["workspace_id", "id"];
          },
          {
            foreignKeyName: "lead_is_of_the_workspace";
            columns: ["workspace_id", "lead_id"];
            isOneToOne: false;
            referencedRelation: "leads";
            referencedColumns: ["workspace_id", "id"];
          },
        ];
      };
      "code_task_queue": {
        Row: {
          "attempts": number;
          "branch": string | null;
          "claim_token": string | null;
          "claimed_by": string | null;
          "cost_minor": number | null;
          "created_at": string;
          "currency": string | null;
          "dedupe_key": string | null;
          "finished_at": string | null;
          "id": number;
          "last_error": string | null;
          "lease_expires_at": string | null;
          "max_attempts": number;
          "priority": number;
          "prompt": string;
          "repository": string;
          "result": Json | null;
          "scheduled_for": string;
          "status": string;
          "traceparent": string | null;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "attempts"?: number;
          "branch"?: string | null;
          "claim_token"?: string | null;
          "claimed_by"?: string | null;
          "cost_minor"?: number | null;
          "created_at"?: string;
          "currency"?: string | null;
          "dedupe_key"?: string | null;
          "finished_at"?: string | null;
          "id"?: never;
          "last_error"?: string | null;
          "lease_expires_at"?: string | null;
          "max_attempts"?: number;
          "priority"?: number;
          "prompt": string;
          "repository": string;
          "result"?: Json | null;
          "scheduled_for"?: string;
          "status"?: string;
          "traceparent"?: string | null;
          "workspace_id": string;
        };
        Update: {
          "attempts"?: number;
          "branch"?: string | null;
          "claim_token"?: string | null;
          "claimed_by"?: string | null;
          "cost_minor"?: number | null;
          "created_at"?: string;
          "currency"?: string | null;
          "dedupe_key"?: string | null;
          "finished_at"?: string | null;
          "id"?: never;
          "last_error"?: string | null;
          "lease_expires_at"?: string | null;
          "max_attempts"?: number;
          "priority"?: number;
          "prompt"?: string;
          "repository"?: string;
          "result"?: Json | null;
          "scheduled_for"?: string;
          "status"?: string;
          "traceparent"?: string | null;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "workspace_exists";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "connection_providers": {
        Row: {
          "authorize_parameters": NonNullable<Json>;
          "authorize_url": string;
          "client_authentication": string;
          "client_id": string;
          "client_secret_id": string | null;
          "created_at": string;
          "display_name": string;
          "is_enabled": boolean;
          "name": string;
          "needs_confirmation": boolean;
          "revoke_url": string | null;
          "scopes": (string)[];
          "token_url": string;
          "updated_at": string;
          "uses_pkce": boolean;
        };
        ComputedFields: never;
        Insert: {
          "authorize_parameters"?: NonNullable<Json>;
          "authorize_url": string;
          "client_authentication"?: string;
          "client_id": string;
          "client_secret_id"?: string | null;
          "created_at"?: string;
          "display_name": string;
          "is_enabled"?: boolean;
          "name": string;
          "needs_confirmation"?: boolean;
          "revoke_url"?: string | null;
          "scopes"?: (string)[];
          "token_url": string;
          "updated_at"?: string;
          "uses_pkce"?: boolean;
        };
        Update: {
          "authorize_parameters"?: NonNullable<Json>;
          "authorize_url"?: string;
          "client_authentication"?: string;
          "client_id"?: string;
          "client_secret_id"?: string | null;
          "created_at"?: string;
          "display_name"?: string;
          "is_enabled"?: boolean;
          "name"?: string;
          "needs_confirmation"?: boolean;
          "revoke_url"?: string | null;
          "scopes"?: (string)[];
          "token_url"?: string;
          "updated_at"?: string;
          "uses_pkce"?: boolean;
        };
        Relationships: [];
      };
      "content_queue": {
        Row: {
          "attempts": number;
          "caption": string;
          "claim_token": string | null;
          "claimed_by": string | null;
          "created_at": string;
          "dedupe_key": string | null;
          "external_id": string | null;
          "finished_at": string | null;
          "hashtags": (string)[];
          "id": number;
          "last_error": string | null;
          "lease_expires_at": string | null;
          "max_attempts": number;
          "platform": string;
          "posted_url": string | null;
          "posting_status": string;
          "priority": number;
          "publish_at": string | null;
          "reference": string;
          "review_status": string;
          "scheduled_for": string;
          "script": string;
          "status": string;
          "traceparent": string | null;
          "tried_at": string | null;
          "video_url": string | null;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "attempts"?: number;
          "caption": string;
          "claim_token"?: string | null;
          "claimed_by"?: string | null;
          "created_at"?: string;
          "dedupe_key"?: string | null;
          "external_id"?: string | null;
          "finished_at"?: string | null;
          "hashtags"?: (string)[];
          "id"?: never;
          "last_error"?: string | null;
          "lease_expires_at"?: string | null;
          "max_attempts"?: number;
          "platform": string;
          "posted_url"?: string | null;
          "posting_status"?: never;
          "priority"?: number;
          "publish_at"?: string | null;
          "reference"?: string;
          "review_status"?: string;
          "scheduled_for"?: string;
          "script"?: string;
          "status"?: string;
          "traceparent"?: string | null;
          "tried_at"?: string | null;
          "video_url"?: string | null;
          "workspace_id": string;
        };
        Update: {
          "attempts"?: number;
          "caption"?: string;
          "claim_token"?: string | null;
          "claimed_by"?: string | null;
          "created_at"?: string;
          "dedupe_key"?: string | null;
          "external_id"?: string | null;
          "finished_at"?: string | null;
          "hashtags"?: (string)[];
          "id"?: never;
          "last_error"?: string | null;
          "lease_expires_at"?: string | null;
          "max_attempts"?: number;
          "platform"?: string;
          "posted_url"?: string | null;
          "posting_status"?: never;
          "priority"?: number;
          "publish_at"?: string | null;
          "reference"?: string;
          "review_status"?: string;
          "scheduled_for"?: string;
          "script"?: string;
          "status"?: string;
          "traceparent"?: string | null;
          "tried_at"?: string | null;
          "video_url"?: string | null;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "workspace_exists";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "context_profiles": {
        Row: {
          "created_at": string;
          "id": number;
          "memory_ids": (string)[];
          "user_id": string;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string;
          "id"?: never;
          "memory_ids": (string)[];
          "user_id": string;
          "workspace_id": string;
        };
        Update: {
          "created_at"?: string;
          "id"?: never;
          "memory_ids"?: (string)[];
          "user_id"?: string;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "context_profiles_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["user_id"];
          },
          {
            foreignKeyName: "context_profiles_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "context_records": {
        Row: {
          "budget": number;
          "conversation_id": string;
          "created_at": string;
          "id": number;
          "left_out": NonNullable<Json>;
          "memory_ids": (string)[];
          "message_count": number;
          "message_id": string;
          "profile_id": number | null;
          "short_forms": number;
          "token_count": number;
          "user_id": string;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "budget": number;
          "conversation_id": string;
          "created_at"?: string;
          "id"?: never;
          "left_out"?: NonNullable<Json>;
          "memory_ids": (string)[];
          "message_count": number;
          "message_id": string;
          "profile_id"?: number | null;
          "short_forms": number;
          "token_count": number;
          "user_id": string;
          "workspace_id": string;
        };
        Update: {
          "budget"?: number;
          "conversation_id"?: string;
          "created_at"?: string;
          "id"?: never;
          "left_out"?: NonNullable<Json>;
          "memory_ids"?: (string)[];
          "message_count"?: number;
          "message_id"?: string;
          "profile_id"?: number | null;
          "short_forms"?: number;
          "token_count"?: number;
          "user_id"?: string;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "context_records_message_id_fkey";
            columns: ["message_id"];
            isOneToOne: false;
            referencedRelation: "messages";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "profile_is_the_persons";
            columns: ["user_id", "workspace_id", "profile_id"];
            isOneToOne: false;
            referencedRelation: "context_profiles";
            referencedColumns: ["user_id", "workspace_id", "id"];
          },
        ];
      };
      "conversations": {
        Row: {
          "active_message_id": string | null;
          "agent_id": string | null;
          "created_at": string;
          "deleted_at": string | null;
          "folder_id": string | null;
          "id": string;
          "last_context": NonNullable<Json>;
          "last_message_at": string;
          "tags": (string)[];
          "title": string;
          "updated_at": string;
          "user_id": string;
          "visibility": string;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "active_message_id"?: string | null;
          "agent_id"?: string | null;
          "created_at"?: string;
          "deleted_at"?: string | null;
          "folder_id"?: string | null;
          "id"?: string;
          "last_context"?: NonNullable<Json>;
          "last_message_at"?: string;
          "tags"?: (string)[];
          "title"?: string;
          "updated_at"?: string;
          "user_id"?: string;
          "visibility"?: string;
          "workspace_id": string;
        };
        Update: {
          "active_message_id"?: string | null;
          "agent_id"?: string | null;
          "created_at"?: string;
          "deleted_at"?: string | null;
          "folder_id"?: string | null;
          "id"?: string;
          "last_context"?: NonNullable<Json>;
          "last_message_at"?: string;
          "tags"?: (string)[];
          "title"?: string;
          "updated_at"?: string;
          "user_id"?: string;
          "visibility"?: string;
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
            foreignKeyName: "conversations_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["user_id"];
          },
          {
            foreignKeyName: "conversations_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "folder_is_its_owners";
            columns: ["workspace_id", "user_id", "folder_id"];
            isOneToOne: false;
            referencedRelation: "folders";
            referencedColumns: ["workspace_id", "user_id", "id"];
          },
        ];
      };
      "dial_queue": {
        Row: {
          "attempts": number;
          "call_days": (number)[];
          "call_from": string;
          "call_key": string | null;
          "call_until": string;
          "claim_token": string | null;
          "claimed_by": string | null;
          "created_at": string;
          "dedupe_key": string | null;
          "finished_at": string | null;
          "id": number;
          "is_spent": boolean;
          "last_error": string | null;
          "lead_id": string;
          "lease_expires_at": string | null;
          "max_attempts": number;
          "phone": string;
          "priority": number;
          "provider_call_id": string | null;
          "scheduled_for": string;
          "started_at": string | null;
          "status": string;
          "time_zone": string;
          "time_zones": (string)[];
          "traceparent": string | null;
          "voice_agent_id": string;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "attempts"?: number;
          "call_days"?: (number)[];
          "call_from"?: string;
          "call_key"?: string | null;
          "call_until"?: string;
          "claim_token"?: string | null;
          "claimed_by"?: string | null;
          "created_at"?: string;
          "dedupe_key"?: string | null;
          "finished_at"?: string | null;
          "id"?: never;
          "is_spent"?: boolean;
          "last_error"?: string | null;
          "lead_id": string;
          "lease_expires_at"?: string | null;
          "max_attempts"?: number;
          "phone"?: string;
          "priority"?: number;
          "provider_call_id"?: string | null;
          "scheduled_for"?: string;
          "started_at"?: string | null;
          "status"?: string;
          "time_zone"?: string;
          "time_zones"?: (string)[];
          "traceparent"?: string | null;
          "voice_agent_id": string;
          "workspace_id": string;
        };
        Update: {
          "attempts"?: number;
          "call_days"?: (number)[];
          "call_from"?: string;
          "call_key"?: string | null;
          "call_until"?: string;
          "claim_token"?: string | null;
          "claimed_by"?: string | null;
          "created_at"?: string;
          "dedupe_key"?: string | null;
          "finished_at"?: string | null;
          "id"?: never;
          "is_spent"?: boolean;
          "last_error"?: string | null;
          "lead_id"?: string;
          "lease_expires_at"?: string | null;
          "max_attempts"?: number;
          "phone"?: string;
          "priority"?: number;
          "provider_call_id"?: string | null;
          "scheduled_for"?: string;
          "started_at"?: string | null;
          "status"?: string;
          "time_zone"?: string;
          "time_zones"?: (string)[];
          "traceparent"?: string | null;
          "voice_agent_id"?: string;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "lead_is_of_the_workspace";
            columns: ["workspace_id", "lead_id"];
            isOneToOne: false;
            referencedRelation: "leads";
            referencedColumns: ["workspace_id", "id"];
          },
          {
            foreignKeyName: "voice_agent_is_of_the_workspace";
            columns: ["workspace_id", "voice_agent_id"];
            isOneToOne: false;
            referencedRelation: "agents";
            referencedColumns: ["workspace_id", "id"];
          },
          {
            foreignKeyName: "workspace_exists";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "dial_rules": {
        Row: {
          "calls_per_day": number;
          "created_at": string;
          "minutes_between": number;
          "state": string;
          "updated_at": string;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "calls_per_day"?: number;
          "created_at"?: string;
          "minutes_between"?: number;
          "state"?: string;
          "updated_at"?: string;
          "workspace_id": string;
        };
        Update: {
          "calls_per_day"?: number;
          "created_at"?: string;
          "minutes_between"?: number;
          "state"?: string;
          "updated_at"?: string;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "dial_rules_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "do_not_call_numbers": {
        Row: {
          "created_at": string;
          "phone": string;
          "reason": string | null;
          "source": string;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string;
          "phone": string;
          "reason"?: string | null;
          "source"?: string;
          "workspace_id": string;
        };
        Update: {
          "created_at"?: string;
          "phone"?: string;
          "reason"?: string | null;
          "source"?: string;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "do_not_call_numbers_workspace_id_fkey";
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
          "traceparent": string | null;
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
          "traceparent"?: string | null;
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
          "traceparent"?: string | null;
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
      "erasure_requests": {
        Row: {
          "attempts": number;
          "claim_token": string | null;
          "claimed_by": string | null;
          "created_at": string;
          "dedupe_key": string | null;
          "email": string | null;
          "erased_at": string | null;
          "finished_at": string | null;
          "id": number;
          "is_proven": boolean;
          "last_error": string | null;
          "lease_expires_at": string | null;
          "leftovers": Json | null;
          "max_attempts": number;
          "priority": number;
          "receipt": string;
          "requested_by": string | null;
          "scheduled_for": string;
          "scope": string;
          "status": string;
          "summary": NonNullable<Json>;
          "traceparent": string | null;
          "user_id": string | null;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "attempts"?: number;
          "claim_token"?: string | null;
          "claimed_by"?: string | null;
          "created_at"?: string;
          "dedupe_key"?: string | null;
          "email"?: string | null;
          "erased_at"?: string | null;
          "finished_at"?: string | null;
          "id"?: never;
          "is_proven"?: boolean;
          "last_error"?: string | null;
          "lease_expires_at"?: string | null;
          "leftovers"?: Json | null;
          "max_attempts"?: number;
          "priority"?: number;
          "receipt"?: string;
          "requested_by"?: string | null;
          "scheduled_for"?: string;
          "scope"?: string;
          "status"?: string;
          "summary"?: NonNullable<Json>;
          "traceparent"?: string | null;
          "user_id"?: string | null;
          "workspace_id": string;
        };
        Update: {
          "attempts"?: number;
          "claim_token"?: string | null;
          "claimed_by"?: string | null;
          "created_at"?: string;
          "dedupe_key"?: string | null;
          "email"?: string | null;
          "erased_at"?: string | null;
          "finished_at"?: string | null;
          "id"?: never;
          "is_proven"?: boolean;
          "last_error"?: string | null;
          "lease_expires_at"?: string | null;
          "leftovers"?: Json | null;
          "max_attempts"?: number;
          "priority"?: number;
          "receipt"?: string;
          "requested_by"?: string | null;
          "scheduled_for"?: string;
          "scope"?: string;
          "status"?: string;
          "summary"?: NonNullable<Json>;
          "traceparent"?: string | null;
          "user_id"?: string | null;
          "workspace_id"?: string;
        };
        Relationships: [];
      };
      "feedback_signals": {
        Row: {
          "conversation_id": string;
          "created_at": string;
          "id": number;
          "kind": string;
          "message_id": string;
          "user_id": string;
          "value": number | null;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "conversation_id": string;
          "created_at"?: string;
          "id"?: never;
          "kind": string;
          "message_id": string;
          "user_id"?: string;
          "value"?: number | null;
          "workspace_id": string;
        };
        Update: {
          "conversation_id"?: string;
          "created_at"?: string;
          "id"?: never;
          "kind"?: string;
          "message_id"?: string;
          "user_id"?: string;
          "value"?: number | null;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "feedback_signals_message_id_fkey";
            columns: ["message_id"];
            isOneToOne: false;
            referencedRelation: "messages";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "feedback_signals_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["user_id"];
          },
        ];
      };
      "folders": {
        Row: {
          "created_at": string;
          "id": string;
          "name": string;
          "parent_path": unknown;
          "path": unknown;
          "updated_at": string;
          "user_id": string;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string;
          "id"?: string;
          "name": string;
          "parent_path"?: never;
          "path": unknown;
          "updated_at"?: string;
          "user_id"?: string;
          "workspace_id": string;
        };
        Update: {
          "created_at"?: string;
          "id"?: string;
          "name"?: string;
          "parent_path"?: never;
          "path"?: unknown;
          "updated_at"?: string;
          "user_id"?: string;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "folders_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["user_id"];
          },
          {
            foreignKeyName: "folders_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "parent_is_a_folder";
            columns: ["workspace_id", "user_id", "parent_path"];
            isOneToOne: false;
            referencedRelation: "folders";
            referencedColumns: ["workspace_id", "user_id", "path"];
          },
        ];
      };
      "import_headings": {
        Row: {
          "column_name": string | null;
          "created_at": string;
          "heading": string;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "column_name"?: string | null;
          "created_at"?: string;
          "heading": string;
          "workspace_id": string;
        };
        Update: {
          "column_name"?: string | null;
          "created_at"?: string;
          "heading"?: string;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "import_headings_workspace_id_fkey";
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
      "lead_imports": {
        Row: {
          "created_at": string;
          "error_code": string | null;
          "error_message": string | null;
          "finished_at": string | null;
          "headings": Json | null;
          "id": string;
          "on_error": string;
          "path": string;
          "prefix": string;
          "report_path": string | null;
          "rows_read": number;
          "rows_refused": number;
          "rows_taken": number;
          "rows_total": number | null;
          "status": string;
          "updated_at": string;
          "user_id": string;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string;
          "error_code"?: string | null;
          "error_message"?: string | null;
          "finished_at"?: string | null;
          "headings"?: Json | null;
          "id"?: string;
          "on_error"?: string;
          "path": string;
          "prefix"?: string;
          "report_path"?: string | null;
          "rows_read"?: number;
          "rows_refused"?: number;
          "rows_taken"?: number;
          "rows_total"?: number | null;
          "status"?: string;
          "updated_at"?: string;
          "user_id"?: string;
          "workspace_id": string;
        };
        Update: {
          "created_at"?: string;
          "error_code"?: string | null;
          "error_message"?: string | null;
          "finished_at"?: string | null;
          "headings"?: Json | null;
          "id"?: string;
          "on_error"?: string;
          "path"?: string;
          "prefix"?: string;
          "report_path"?: string | null;
          "rows_read"?: number;
          "rows_refused"?: number;
          "rows_taken"?: number;
          "rows_total"?: number | null;
          "status"?: string;
          "updated_at"?: string;
          "user_id"?: string;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "lead_imports_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["user_id"];
          },
          {
            foreignKeyName: "lead_imports_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "leads": {
        Row: {
          "address": string | null;
          "area_sqft": number | null;
          "assigned_agent_id": string | null;
          "auction_date": string | null;
          "bathrooms": number | null;
          "bedrooms": number | null;
          "city": string | null;
          "code_violations": number;
          "contact_count": number;
          "county": string | null;
          "created_at": string;
          "distress_score": number | null;
          "distress_signals": (string)[];
          "do_not_call": boolean;
          "emails": (string)[];
          "estimated_equity_minor": number | null;
          "estimated_value_minor": number | null;
          "foreclosure_stage": string;
          "id": string;
          "is_absentee": boolean | null;
          "is_vacant": boolean | null;
          "last_contacted_at": string | null;
          "last_sale_date": string | null;
          "last_sale_minor": number | null;
          "lead_key": string | null;
          "lot_sqft": number | null;
          "mailing_address": string | null;
          "mortgage_balance_minor": number | null;
          "next_action": string | null;
          "next_action_at": string | null;
          "notes": string | null;
          "owner_kind": string | null;
          "owner_name": string | null;
          "parcel": string | null;
          "phones": (string)[];
          "property_type": string | null;
          "scraped_at": string | null;
          "source_name": string | null;
          "source_raw": Json | null;
          "source_url": string | null;
          "state": string | null;
          "status": string;
          "tags": (string)[];
          "tax_delinquent_minor": number | null;
          "updated_at": string;
          "workspace_id": string;
          "year_built": number | null;
          "zip": string | null;
        };
        ComputedFields: never;
        Insert: {
          "address"?: string | null;
          "area_sqft"?: number | null;
          "assigned_agent_id"?: string | null;
          "auction_date"?: string | null;
          "bathrooms"?: number | null;
          "bedrooms"?: number | null;
          "city"?: string | null;
          "code_violations"?: number;
          "contact_count"?: number;
          "county"?: string | null;
          "created_at"?: string;
          "distress_score"?: number | null;
          "distress_signals"?: (string)[];
          "do_not_call"?: boolean;
          "emails"?: (string)[];
          "estimated_equity_minor"?: number | null;
          "estimated_value_minor"?: number | null;
          "foreclosure_stage"?: string;
          "id"?: string;
          "is_absentee"?: boolean | null;
          "is_vacant"?: boolean | null;
          "last_contacted_at"?: string | null;
          "last_sale_date"?: string | null;
          "last_sale_minor"?: number | null;
          "lead_key"?: never;
          "lot_sqft"?: number | null;
          "mailing_address"?: string | null;
          "mortgage_balance_minor"?: number | null;
          "next_action"?: string | null;
          "next_action_at"?: string | null;
          "notes"?: string | null;
          "owner_kind"?: string | null;
          "owner_name"?: string | null;
          "parcel"?: string | null;
          "phones"?: (string)[];
          "property_type"?: string | null;
          "scraped_at"?: string | null;
          "source_name"?: string | null;
          "source_raw"?: Json | null;
          "source_url"?: string | null;
          "state"?: string | null;
          "status"?: string;
          "tags"?: (string)[];
          "tax_delinquent_minor"?: number | null;
          "updated_at"?: string;
          "workspace_id": string;
          "year_built"?: number | null;
          "zip"?: string | null;
        };
        Update: {
          "address"?: string | null;
          "area_sqft"?: number | null;
          "assigned_agent_id"?: string | null;
          "auction_date"?: string | null;
          "bathrooms"?: number | null;
          "bedrooms"?: number | null;
          "city"?: string | null;
          "code_violations"?: number;
          "contact_count"?: number;
          "county"?: string | null;
          "created_at"?: string;
          "distress_score"?: number | null;
          "distress_signals"?: (string)[];
          "do_not_call"?: boolean;
          "emails"?: (string)[];
          "estimated_equity_minor"?: number | null;
          "estimated_value_minor"?: number | null;
          "foreclosure_stage"?: string;
          "id"?: string;
          "is_absentee"?: boolean | null;
          "is_vacant"?: boolean | null;
          "last_contacted_at"?: string | null;
          "last_sale_date"?: string | null;
          "last_sale_minor"?: number | null;
          "lead_key"?: never;
          "lot_sqft"?: number | null;
          "mailing_address"?: string | null;
          "mortgage_balance_minor"?: number | null;
          "next_action"?: string | null;
          "next_action_at"?: string | null;
          "notes"?: string | null;
          "owner_kind"?: string | null;
          "owner_name"?: string | null;
          "parcel"?: string | null;
          "phones"?: (string)[];
          "property_type"?: string | null;
          "scraped_at"?: string | null;
          "source_name"?: string | null;
          "source_raw"?: Json | null;
          "source_url"?: string | null;
          "state"?: string | null;
          "status"?: string;
          "tags"?: (string)[];
          "tax_delinquent_minor"?: number | null;
          "updated_at"?: string;
          "workspace_id"?: string;
          "year_built"?: number | null;
          "zip"?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "assigned_agent_is_of_the_workspace";
            columns: ["workspace_id", "assigned_agent_id"];
            isOneToOne: false;
            referencedRelation: "agents";
            referencedColumns: ["workspace_id", "id"];
          },
          {
            foreignKeyName: "leads_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "linked_identities": {
        Row: {
          "created_at": string;
          "id": string;
          "issuer": string;
          "subject": string;
          "user_id": string;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string;
          "id"?: string;
          "issuer": string;
          "subject": string;
          "user_id": string;
        };
        Update: {
          "created_at"?: string;
          "id"?: string;
          "issuer"?: string;
          "subject"?: string;
          "user_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "linked_identities_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["user_id"];
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
          "ordinal": number;
          "recalled_count": number;
          "said_with": number;
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
          "ordinal"?: never;
          "recalled_count"?: number;
          "said_with"?: number;
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
          "ordinal"?: never;
          "recalled_count"?: number;
          "said_with"?: number;
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
      "message_states": {
        Row: {
          "conversation_id": string;
          "message_id": string;
          "metadata": NonNullable<Json>;
          "parts": NonNullable<Json>;
          "replaced_at": string;
          "user_id": string;
          "version": number;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "conversation_id": string;
          "message_id": string;
          "metadata": NonNullable<Json>;
          "parts": NonNullable<Json>;
          "replaced_at"?: string;
          "user_id": string;
          "version": number;
          "workspace_id": string;
        };
        Update: {
          "conversation_id"?: string;
          "message_id"?: string;
          "metadata"?: NonNullable<Json>;
          "parts"?: NonNullable<Json>;
          "replaced_at"?: string;
          "user_id"?: string;
          "version"?: number;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "conversation_is_its_owners";
            columns: ["conversation_id", "workspace_id", "user_id"];
            isOneToOne: false;
            referencedRelation: "conversations";
            referencedColumns: ["id", "workspace_id", "user_id"];
          },
          {
            foreignKeyName: "message_states_message_id_fkey";
            columns: ["message_id"];
            isOneToOne: false;
            referencedRelation: "messages";
            referencedColumns: ["id"];
          },
        ];
      };
      "messages": {
        Row: {
          "attachments": NonNullable<Json>;
          "client_id": string | null;
          "content_for_llm": string | null;
          "conversation_id": string;
          "created_at": string;
          "id": string;
          "metadata": NonNullable<Json>;
          "parent_id": string | null;
          "parts": NonNullable<Json>;
          "preprocessing_log_id": number | null;
          "role": string;
          "system_message_id": string | null;
          "taken_back_at": string | null;
          "token_count": number;
          "user_id": string;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "attachments"?: NonNullable<Json>;
          "client_id"?: string | null;
          "content_for_llm"?: string | null;
          "conversation_id": string;
          "created_at"?: string;
          "id"?: string;
          "metadata"?: NonNullable<Json>;
          "parent_id"?: string | null;
          "parts": NonNullable<Json>;
          "preprocessing_log_id"?: number | null;
          "role": string;
          "system_message_id"?: string | null;
          "taken_back_at"?: string | null;
          "token_count": number;
          "user_id": string;
          "workspace_id": string;
        };
        Update: {
          "attachments"?: NonNullable<Json>;
          "client_id"?: string | null;
          "content_for_llm"?: string | null;
          "conversation_id"?: string;
          "created_at"?: string;
          "id"?: string;
          "metadata"?: NonNullable<Json>;
          "parent_id"?: string | null;
          "parts"?: NonNullable<Json>;
          "preprocessing_log_id"?: number | null;
          "role"?: string;
          "system_message_id"?: string | null;
          "taken_back_at"?: string | null;
          "token_count"?: number;
          "user_id"?: string;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "conversation_is_its_owners";
            columns: ["conversation_id", "workspace_id", "user_id"];
            isOneToOne: false;
            referencedRelation: "conversations";
            referencedColumns: ["id", "workspace_id", "user_id"];
          },
          {
            foreignKeyName: "log_is_known";
            columns: ["preprocessing_log_id"];
            isOneToOne: false;
            referencedRelation: "preprocessing_logs";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "parent_is_a_message";
            columns: ["parent_id"];
            isOneToOne: false;
            referencedRelation: "messages";
            referencedColumns: ["id"];
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
      "plan_limits": {
        Row: {
          "name": string;
          "plan": string;
          "updated_at": string;
          "value": number | null;
        };
        ComputedFields: never;
        Insert: {
          "name": string;
          "plan": string;
          "updated_at"?: string;
          "value"?: number | null;
        };
        Update: {
          "name"?: string;
          "plan"?: string;
          "updated_at"?: string;
          "value"?: number | null;
        };
        Relationships: [
          {
            foreignKeyName: "plan_limits_plan_fkey";
            columns: ["plan"];
            isOneToOne: false;
            referencedRelation: "plans";
            referencedColumns: ["name"];
          },
        ];
      };
      "plans": {
        Row: {
          "created_at": string;
          "description": string;
          "name": string;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string;
          "description"?: string;
          "name": string;
        };
        Update: {
          "created_at"?: string;
          "description"?: string;
          "name"?: string;
        };
        Relationships: [];
      };
      "postprocessing_results": {
        Row: {
          "conversation_id": string;
          "created_at": string;
          "display_hints": NonNullable<Json>;
          "duration_ms": number | null;
          "follow_ups": (string)[];
          "id": number;
          "memory_extraction": NonNullable<Json>;
          "message_id": string;
          "quality_assessment": NonNullable<Json>;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "conversation_id": string;
          "created_at"?: string;
          "display_hints"?: NonNullable<Json>;
          "duration_ms"?: number | null;
          "follow_ups"?: (string)[];
          "id"?: never;
          "memory_extraction"?: NonNullable<Json>;
          "message_id": string;
          "quality_assessment"?: NonNullable<Json>;
          "workspace_id": string;
        };
        Update: {
          "conversation_id"?: string;
          "created_at"?: string;
          "display_hints"?: NonNullable<Json>;
          "duration_ms"?: number | null;
          "follow_ups"?: (string)[];
          "id"?: never;
          "memory_extraction"?: NonNullable<Json>;
          "message_id"?: string;
          "quality_assessment"?: NonNullable<Json>;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "postprocessing_results_message_id_fkey";
            columns: ["message_id"];
            isOneToOne: false;
            referencedRelation: "messages";
            referencedColumns: ["id"];
          },
        ];
      };
      "preprocessing_logs": {
        Row: {
          "clarity": number | null;
          "conversation_id": string;
          "created_at": string;
          "duration_ms": number | null;
          "emotion": string | null;
          "id": number;
          "intent": string | null;
          "memory_query": string | null;
          "message_id": string;
          "model_reason": string | null;
          "model_selected": string | null;
          "response_hints": NonNullable<Json>;
          "routing": string | null;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "clarity"?: number | null;
          "conversation_id": string;
          "created_at"?: string;
          "duration_ms"?: number | null;
          "emotion"?: string | null;
          "id"?: never;
          "intent"?: string | null;
          "memory_query"?: string | null;
          "message_id": string;
          "model_reason"?: string | null;
          "model_selected"?: string | null;
          "response_hints"?: NonNullable<Json>;
          "routing"?: string | null;
          "workspace_id": string;
        };
        Update: {
          "clarity"?: number | null;
          "conversation_id"?: string;
          "created_at"?: string;
          "duration_ms"?: number | null;
          "emotion"?: string | null;
          "id"?: never;
          "intent"?: string | null;
          "memory_query"?: string | null;
          "message_id"?: string;
          "model_reason"?: string | null;
          "model_selected"?: string | null;
          "response_hints"?: NonNullable<Json>;
          "routing"?: string | null;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "preprocessing_logs_message_id_fkey";
            columns: ["message_id"];
            isOneToOne: false;
            referencedRelation: "messages";
            referencedColumns: ["id"];
          },
        ];
      };
      "profiles": {
        Row: {
          "avatar_url": string | null;
          "created_at": string;
          "display_name": string | null;
          "email": string | null;
          "embeds_messages": boolean;
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
          "embeds_messages"?: boolean;
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
          "embeds_messages"?: boolean;
          "locale"?: string;
          "settings"?: NonNullable<Json>;
          "time_zone"?: string;
          "updated_at"?: string;
          "user_id"?: string;
        };
        Relationships: [];
      };
      "service_connections": {
        Row: {
          "access_secret_id": string | null;
          "account": string | null;
          "created_at": string;
          "expires_at": string | null;
          "id": string;
          "last_error": string | null;
          "provider": string;
          "refresh_secret_id": string | null;
          "refreshed_at": string | null;
          "scopes": (string)[];
          "status": string;
          "updated_at": string;
          "user_id": string;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "access_secret_id"?: string | null;
          "account"?: string | null;
          "created_at"?: string;
          "expires_at"?: string | null;
          "id"?: string;
          "last_error"?: string | null;
          "provider": string;
          "refresh_secret_id"?: string | null;
          "refreshed_at"?: string | null;
          "scopes"?: (string)[];
          "status"?: string;
          "updated_at"?: string;
          "user_id": string;
          "workspace_id": string;
        };
        Update: {
          "access_secret_id"?: string | null;
          "account"?: string | null;
          "created_at"?: string;
          "expires_at"?: string | null;
          "id"?: string;
          "last_error"?: string | null;
          "provider"?: string;
          "refresh_secret_id"?: string | null;
          "refreshed_at"?: string | null;
          "scopes"?: (string)[];
          "status"?: string;
          "updated_at"?: string;
          "user_id"?: string;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "person_is_a_member";
            columns: ["workspace_id", "user_id"];
            isOneToOne: false;
            referencedRelation: "members";
            referencedColumns: ["workspace_id", "user_id"];
          },
          {
            foreignKeyName: "service_connections_provider_fkey";
            columns: ["provider"];
            isOneToOne: false;
            referencedRelation: "connection_providers";
            referencedColumns: ["name"];
          },
        ];
      };
      "share_links": {
        Row: {
          "conversation_id": string;
          "created_at": string;
          "expires_at": string | null;
          "id": string;
          "revoked_at": string | null;
          "token_hash": string;
          "user_id": string;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "conversation_id": string;
          "created_at"?: string;
          "expires_at"?: string | null;
          "id"?: string;
          "revoked_at"?: string | null;
          "token_hash": string;
          "user_id": string;
          "workspace_id": string;
        };
        Update: {
          "conversation_id"?: string;
          "created_at"?: string;
          "expires_at"?: string | null;
          "id"?: string;
          "revoked_at"?: string | null;
          "token_hash"?: string;
          "user_id"?: string;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "conversation_is_its_owners";
            columns: ["workspace_id", "user_id", "conversation_id"];
            isOneToOne: false;
            referencedRelation: "conversations";
            referencedColumns: ["workspace_id", "user_id", "id"];
          },
        ];
      };
      "streams": {
        Row: {
          "chunks": number | null;
          "client_id": string | null;
          "conversation_id": string;
          "created_at": string;
          "error": string | null;
          "finished_at": string | null;
          "id": string;
          "message_id": string;
          "parent_id": string | null;
          "status": string;
          "stop_requested_at": string | null;
          "user_id": string;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "chunks"?: number | null;
          "client_id"?: string | null;
          "conversation_id": string;
          "created_at"?: string;
          "error"?: string | null;
          "finished_at"?: string | null;
          "id"?: string;
          "message_id"?: string;
          "parent_id"?: string | null;
          "status"?: string;
          "stop_requested_at"?: string | null;
          "user_id": string;
          "workspace_id": string;
        };
        Update: {
          "chunks"?: number | null;
          "client_id"?: string | null;
          "conversation_id"?: string;
          "created_at"?: string;
          "error"?: string | null;
          "finished_at"?: string | null;
          "id"?: string;
          "message_id"?: string;
          "parent_id"?: string | null;
          "status"?: string;
          "stop_requested_at"?: string | null;
          "user_id"?: string;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "conversation_is_its_owners";
            columns: ["user_id", "workspace_id", "conversation_id"];
            isOneToOne: false;
            referencedRelation: "conversations";
            referencedColumns: ["user_id", "workspace_id", "id"];
          },
        ];
      };
      "suggestions": {
        Row: {
          "artifact_created_at": string;
          "artifact_id": string;
          "created_at": string;
          "description": string;
          "id": string;
          "original_text": string;
          "settled_at": string | null;
          "status": string;
          "suggested_text": string;
          "user_id": string;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "artifact_created_at": string;
          "artifact_id": string;
          "created_at"?: string;
          "description"?: string;
          "id"?: string;
          "original_text": string;
          "settled_at"?: string | null;
          "status"?: string;
          "suggested_text": string;
          "user_id"?: string;
          "workspace_id": string;
        };
        Update: {
          "artifact_created_at"?: string;
          "artifact_id"?: string;
          "created_at"?: string;
          "description"?: string;
          "id"?: string;
          "original_text"?: string;
          "settled_at"?: string | null;
          "status"?: string;
          "suggested_text"?: string;
          "user_id"?: string;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "artifact_is_of_the_workspace";
            columns: ["artifact_id", "artifact_created_at", "workspace_id"];
            isOneToOne: false;
            referencedRelation: "artifacts";
            referencedColumns: ["id", "created_at", "workspace_id"];
          },
          {
            foreignKeyName: "artifact_is_of_the_workspace";
            columns: ["artifact_id", "artifact_created_at", "workspace_id"];
            isOneToOne: false;
            referencedRelation: "latest_artifacts";
            referencedColumns: ["id", "created_at", "workspace_id"];
          },
          {
            foreignKeyName: "suggestions_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["user_id"];
          },
        ];
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
      "voice_assistants": {
        Row: {
          "agent_id": string;
          "assistant_id": string;
          "created_at": string;
          "phone_number_id": string | null;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "agent_id": string;
          "assistant_id": string;
          "created_at"?: string;
          "phone_number_id"?: string | null;
          "workspace_id": string;
        };
        Update: {
          "agent_id"?: string;
          "assistant_id"?: string;
          "created_at"?: string;
          "phone_number_id"?: string | null;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "agent_is_of_the_workspace";
            columns: ["workspace_id", "agent_id"];
            isOneToOne: true;
            referencedRelation: "agents";
            referencedColumns: ["workspace_id", "id"];
          },
        ];
      };
      "votes": {
        Row: {
          "conversation_id": string;
          "created_at": string;
          "is_upvoted": boolean;
          "message_id": string;
          "reason": string | null;
          "updated_at": string;
          "user_id": string;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "conversation_id": string;
          "created_at"?: string;
          "is_upvoted": boolean;
          "message_id": string;
          "reason"?: string | null;
          "updated_at"?: string;
          "user_id"?: string;
          "workspace_id": string;
        };
        Update: {
          "conversation_id"?: string;
          "created_at"?: string;
          "is_upvoted"?: boolean;
          "message_id"?: string;
          "reason"?: string | null;
          "updated_at"?: string;
          "user_id"?: string;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "votes_message_id_fkey";
            columns: ["message_id"];
            isOneToOne: false;
            referencedRelation: "messages";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "votes_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["user_id"];
          },
        ];
      };
      "workspace_limits": {
        Row: {
          "created_at": string;
          "name": string;
          "reason": string | null;
          "updated_at": string;
          "value": number | null;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string;
          "name": string;
          "reason"?: string | null;
          "updated_at"?: string;
          "value"?: number | null;
          "workspace_id": string;
        };
        Update: {
          "created_at"?: string;
          "name"?: string;
          "reason"?: string | null;
          "updated_at"?: string;
          "value"?: number | null;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "workspace_limits_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "workspaces": {
        Row: {
          "billing_plan": string;
          "created_at": string;
          "deleted_at": string | null;
          "embeds_messages": boolean;
          "id": string;
          "k8s_namespace": string | null;
          "left_at": string | null;
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
          "embeds_messages"?: boolean;
          "id"?: string;
          "k8s_namespace"?: string | null;
          "left_at"?: string | null;
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
          "embeds_messages"?: boolean;
          "id"?: string;
          "k8s_namespace"?: string | null;
          "left_at"?: string | null;
          "name"?: string;
          "region"?: string;
          "settings"?: NonNullable<Json>;
          "slug"?: string;
          "updated_at"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "workspaces_billing_plan_fkey";
            columns: ["billing_plan"];
            isOneToOne: false;
            referencedRelation: "plans";
            referencedColumns: ["name"];
          },
        ];
      };
    };
    Views: {
      "artifact_references": {
        Row: {
          "artifact_id": string | null;
          "created_at": string | null;
          "direction": string | null;
          "kind": string | null;
          "other_id": string | null;
          "user_id": string | null;
          "workspace_id": string | null;
        };
        ComputedFields: never;
        Relationships: [];
      };
      "latest_artifacts": {
        Row: {
          "component_tree": Json | null;
          "content": string;
          "content_hash": string | null;
          "conversation_id": string | null;
          "created_at": string;
          "data_bindings": Json | null;
          "folder_id": string | null;
          "id": string;
          "kind": string;
          "summary_for_llm": string | null;
          "tags": (string)[];
          "title": string;
          "ui_state": NonNullable<Json>;
          "updated_at": string;
          "user_id": string;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "component_tree"?: Json | null;
          "content"?: string | null;
          "content_hash"?: string | null;
          "conversation_id"?: string | null;
          "created_at"?: string | null;
          "data_bindings"?: Json | null;
          "folder_id"?: string | null;
          "id"?: string | null;
          "kind"?: string | null;
          "summary_for_llm"?: string | null;
          "tags"?: (string)[] | null;
          "title"?: string | null;
          "ui_state"?: Json | null;
          "updated_at"?: string | null;
          "user_id"?: string | null;
          "workspace_id"?: string | null;
        };
        Update: {
          "component_tree"?: Json | null;
          "content"?: string | null;
          "content_hash"?: string | null;
          "conversation_id"?: string | null;
          "created_at"?: string | null;
          "data_bindings"?: Json | null;
          "folder_id"?: string | null;
          "id"?: string | null;
          "kind"?: string | null;
          "summary_for_llm"?: string | null;
          "tags"?: (string)[] | null;
          "title"?: string | null;
          "ui_state"?: Json | null;
          "updated_at"?: string | null;
          "user_id"?: string | null;
          "workspace_id"?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "artifacts_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["user_id"];
          },
          {
            foreignKeyName: "artifacts_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "conversation_is_its_owners";
            columns: ["conversation_id", "workspace_id", "user_id"];
            isOneToOne: false;
            referencedRelation: "conversations";
            referencedColumns: ["id", "workspace_id", "user_id"];
          },
          {
            foreignKeyName: "folder_is_its_owners";
            columns: ["workspace_id", "user_id", "folder_id"];
            isOneToOne: false;
            referencedRelation: "folders";
            referencedColumns: ["workspace_id", "user_id", "id"];
          },
        ];
      };
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
      "workspace_usage": {
        Row: {
          "allowed": number | null;
          "frees_at": string | null;
          "name": string | null;
          "period": string | null;
          "subject": string | null;
          "unit": string | null;
          "used": number | null;
          "workspace_id": string | null;
        };
        ComputedFields: never;
        Relationships: [];
      };
    };
    Functions: {
      "accept_invitation": { Args: { "token": string }; Returns: string };
      "accept_suggestion": {
        Args: { "suggestion_id": string };
        Returns: {
          "component_tree": Json | null;
          "content": string;
          "content_hash": string | null;
          "conversation_id": string | null;
          "created_at": string;
          "data_bindings": Json | null;
          "folder_id": string | null;
          "id": string;
          "kind": string;
          "summary_for_llm": string | null;
          "tags": (string)[];
          "title": string;
          "ui_state": NonNullable<Json>;
          "updated_at": string;
          "user_id": string;
          "workspace_id": string;
        };
        SetofOptions: {
          from: "*";
          to: "artifacts";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "add_message": {
        Args: {
          "attachments"?: Json;
          "content_for_llm"?: string;
          "conversation_id": string;
          "instead_of"?: string;
          "message_id"?: string;
          "metadata"?: Json;
          "parent_id"?: string;
          "parts": Json;
          "preprocessing_log_id"?: number;
          "role"?: string;
          "token_count"?: number;
        };
        Returns: {
          "attachments": NonNullable<Json>;
          "client_id": string | null;
          "content_for_llm": string | null;
          "conversation_id": string;
          "created_at": string;
          "id": string;
          "metadata": NonNullable<Json>;
          "parent_id": string | null;
          "parts": NonNullable<Json>;
          "preprocessing_log_id": number | null;
          "role": string;
          "system_message_id": string | null;
          "taken_back_at": string | null;
          "token_count": number;
          "user_id": string;
          "workspace_id": string;
        };
        SetofOptions: {
          from: "*";
          to: "messages";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "agent_settings": {
        Args: { "agent_id": string };
        Returns: {
          "endpoint_url": string;
          "settings": Json;
        }[];
      };
      "agents_of_client": {
        Args: { "client_id": string; "client_issuer"?: string };
        Returns: {
          "agent_id": string;
          "consented": (string)[];
          "name": string;
          "scopes": (string)[];
          "workspace_id": string;
        }[];
      };
      "answer_approval": {
        Args: {
          "approval_id": string;
          "approved": boolean;
          "conversation_id": string;
          "message_id": string;
          "reason"?: string;
        };
        Returns: {
          "attachments": NonNullable<Json>;
          "client_id": string | null;
          "content_for_llm": string | null;
          "conversation_id": string;
          "created_at": string;
          "id": string;
          "metadata": NonNullable<Json>;
          "parent_id": string | null;
          "parts": NonNullable<Json>;
          "preprocessing_log_id": number | null;
          "role": string;
          "system_message_id": string | null;
          "taken_back_at": string | null;
          "token_count": number;
          "user_id": string;
          "workspace_id": string;
        };
        SetofOptions: {
          from: "*";
          to: "messages";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "ask_in_background": {
        Args: { "conversation_id": string; "dedupe_key"?: string; "input"?: Json; "type": string };
        Returns: number;
      };
      "assemble_context": {
        Args: {
          "budget"?: number;
          "conversation_id": string;
          "embedding_model"?: string;
          "message_id"?: string;
          "preprocessing"?: Json;
          "query"?: string;
          "query_embedding"?: unknown;
        };
        Returns: Json;
      };
      "audit_anchor": {
        Args: { "workspace_id": string };
        Returns: {
          "digest": string;
          "last_id": number;
          "ordinal": number;
          "sealed_at": string;
        }[];
      };
      "cancel_background_query": { Args: { "query_id": number }; Returns: boolean };
      "cancel_erasure": { Args: { "receipt": string }; Returns: boolean };
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
      "conversation_path": {
        Args: { "before"?: string; "message_id": string; "page_size"?: number };
        Returns: {
          "attachments": NonNullable<Json>;
          "client_id": string | null;
          "content_for_llm": string | null;
          "conversation_id": string;
          "created_at": string;
          "id": string;
          "metadata": NonNullable<Json>;
          "parent_id": string | null;
          "parts": NonNullable<Json>;
          "preprocessing_log_id": number | null;
          "role": string;
          "system_message_id": string | null;
          "taken_back_at": string | null;
          "token_count": number;
          "user_id": string;
          "workspace_id": string;
        }[];
        SetofOptions: {
          from: "*";
          to: "messages";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      "create_agent_credential": {
        Args: {
          "agent_id": string;
          "client_id"?: string;
          "client_issuer"?: string;
          "expires_at"?: string;
          "name": string;
          "scopes": (string)[];
        };
        Returns: {
          "credential_id": string;
          "expires": string;
          "secret": string;
        }[];
      };
      "create_business": {
        Args: { "name": string; "prefix": string; "time_zone"?: string; "workspace_id": string };
        Returns: {
          "created_at": string;
          "id": string;
          "name": string;
          "prefix": string;
          "time_zone": string;
          "updated_at": string;
          "workspace_id": string;
        };
        SetofOptions: {
          from: "*";
          to: "businesses";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "create_share_link": {
        Args: { "conversation_id": string; "expires_at"?: string };
        Returns: {
          "link_id": string;
          "token": string;
        }[];
      };
      "create_workspace": {
        Args: { "name": string; "region"?: string; "slug": string };
        Returns: {
          "billing_plan": string;
          "created_at": string;
          "deleted_at": string | null;
          "embeds_messages": boolean;
          "id": string;
          "k8s_namespace": string | null;
          "left_at": string | null;
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
      "delete_conversation": { Args: { "conversation_id": string }; Returns: string };
      "delete_workspace": { Args: { "workspace_id": string }; Returns: string };
      "drop_business": {
        Args: { "name": string; "prefix": string };
        Returns: {
          "counts": Json;
          "export_id": string;
          "made_at": string;
        }[];
      };
      "enqueue_work": {
        Args: { "items": Json; "queue": string };
        Returns: {
          "id": number;
          "is_new": boolean;
        }[];
      };
      "erase_user": {
        Args: { "confirm"?: string; "user_id"?: string; "workspace_id"?: string };
        Returns: string;
      };
      "explain_access": {
        Args: { "agent_id": string; "as_itself"?: boolean; "scope"?: string; "user_id"?: string };
        Returns: {
          "allowed": boolean;
          "decided_by": Json;
          "reason": string;
        }[];
      };
      "export_business": {
        Args: { "prefix": string };
        Returns: {
          "counts": Json;
          "export_id": string;
          "made_at": string;
        }[];
      };
      "export_user_data": { Args: { "user_id"?: string }; Returns: Json };
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
      "forget_place": { Args: { "workspace_id": string }; Returns: undefined };
      "heartbeat_work": {
        Args: { "claim_token": string; "ids": (number)[]; "lease"?: string; "queue": string };
        Returns: string;
      };
      "import_conversations": {
        Args: { "conversations": Json; "user_id": string; "workspace_id": string };
        Returns: Json;
      };
      "import_leads": {
        Args: { "leads": Json; "on_error"?: string; "prefix": string; "workspace_id": string };
        Returns: {
          "code": string;
          "field": string;
          "lead_id": string;
          "line": number;
          "message": string;
          "result": string;
        }[];
      };
      "invite_member": {
        Args: { "email": string; "role"?: string; "workspace_id": string };
        Returns: {
          "expires_at": string;
          "invitation_id": string;
          "token": string;
        }[];
      };
      "kw_match_documents": {
        Args: { "filter"?: Json; "match_count"?: number; "query_text": string };
        Returns: {
          "content": string;
          "id": string;
          "metadata": Json;
          "similarity": number;
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
          "total": number;
          "updated_at": string;
        }[];
      };
      "load_agent_memory": {
        Args: {
          "agent_id"?: string;
          "memory_types"?: (string)[];
          "prefix"?: string;
          "workspace_id": string;
        };
        Returns: {
          "confidence": number;
          "is_shared": boolean;
          "key": string;
          "memory_type": string;
          "total": number;
          "updated_at": string;
          "value": Json;
          "version": number;
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
      "log_position": { Args: Record<PropertyKey, never>; Returns: string };
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
      "memories_at": {
        Args: { "moment": string; "subject"?: string; "user_id"?: string; "workspace_id": string };
        Returns: {
          "confidence": number;
          "content": string;
          "id": string;
          "subject": string;
          "total": number;
          "valid_from": string;
          "valid_to": string;
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
      "move_folder": { Args: { "folder_id": string; "to_path": string }; Returns: number };
      "my_agents": {
        Args: Record<PropertyKey, never>;
        Returns: {
          "created_at": string;
          "description": string;
          "id": string;
          "name": string;
          "slug": string;
          "status": string;
          "total": number;
          "updated_at": string;
          "workspace_id": string;
        }[];
      };
      "name_this_cell": { Args: { "cell": string }; Returns: undefined };
      "place_workspace": {
        Args: { "cell": string; "seen"?: number; "status": string; "workspace_id": string };
        Returns: number;
      };
      "prompt_of": { Args: { "message_id": string }; Returns: Json };
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
      "read_business_export": {
        Args: { "after"?: number; "export_id": string; "most"?: number };
        Returns: {
          "contents": Json;
          "ordinal": number;
          "table_name": string;
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
      "redrive_workspace_work": {
        Args: { "ids"?: (number)[]; "most"?: number; "queue": string; "workspace_id": string };
        Returns: number;
      };
      "reject_suggestion": { Args: { "suggestion_id": string }; Returns: undefined };
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
      "replay_context": { Args: { "record_id": number }; Returns: Json };
      "reserve_usage": {
        Args: {
          "agent_id"?: string;
          "amount_minor"?: number;
          "currency"?: string;
          "lease_seconds"?: number;
          "request_id": string;
          "tokens"?: number;
          "user_id"?: string;
          "workspace_id": string;
        };
        Returns: boolean;
      };
      "restore_conversation": { Args: { "conversation_id": string }; Returns: undefined };
      "restore_workspace": { Args: { "workspace_id": string }; Returns: undefined };
      "revise_artifact": {
        Args: {
          "artifact_id": string;
          "component_tree"?: Json;
          "content"?: string;
          "data_bindings"?: Json;
          "summary_for_llm"?: string;
          "title"?: string;
          "ui_state"?: Json;
          "version": string;
        };
        Returns: {
          "component_tree": Json | null;
          "content": string;
          "content_hash": string | null;
          "conversation_id": string | null;
          "created_at": string;
          "data_bindings": Json | null;
          "folder_id": string | null;
          "id": string;
          "kind": string;
          "summary_for_llm": string | null;
          "tags": (string)[];
          "title": string;
          "ui_state": NonNullable<Json>;
          "updated_at": string;
          "user_id": string;
          "workspace_id": string;
        };
        SetofOptions: {
          from: "*";
          to: "artifacts";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "revoke_invitation": { Args: { "invitation_id": string }; Returns: undefined };
      "revoke_share_link": { Args: { "link_id": string }; Returns: boolean };
      "save_agent_memory": {
        Args: { "agent_id"?: string; "entries": Json; "prefix"?: string; "workspace_id": string };
        Returns: {
          "key": string;
          "memory_type": string;
          "version": number;
        }[];
      };
      "scopes": {
        Args: Record<PropertyKey, never>;
        Returns: {
          "actors": (string)[];
          "description": string;
          "name": string;
          "opens": (string)[];
        }[];
      };
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
      "search_messages": {
        Args: {
          "agent_id"?: string;
          "conversations"?: (string)[];
          "embedding_model"?: string;
          "folder_id"?: string;
          "match_count"?: number;
          "query": string;
          "query_embedding"?: unknown;
          "since"?: string;
          "until"?: string;
          "workspace_id"?: string;
        };
        Returns: {
          "after": Json;
          "before": Json;
          "client_id": string;
          "conversation_id": string;
          "message_id": string;
          "passage": string;
          "role": string;
          "said_at": string;
          "score": number;
          "similarity": number;
          "title": string;
        }[];
      };
      "select_branch": {
        Args: { "conversation_id"?: string; "message_id": string };
        Returns: string;
      };
      "set_cell": {
        Args: {
          "name": string;
          "publishable_key"?: string;
          "region": string;
          "takes_new"?: boolean;
          "url": string;
        };
        Returns: undefined;
      };
      "set_provider_secret": { Args: { "provider": string; "secret": string }; Returns: undefined };
      "settle_usage": {
        Args: {
          "amount_minor"?: number;
          "request_id": string;
          "tokens"?: number;
          "workspace_id": string;
        };
        Returns: boolean;
      };
      "shared_conversation": {
        Args: { "before"?: string; "conversation_id": string; "page_size"?: number };
        Returns: Json;
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
      "take_back": {
        Args: { "conversation_id"?: string; "message_id": string };
        Returns: {
          "attachments": NonNullable<Json>;
          "client_id": string | null;
          "content_for_llm": string | null;
          "conversation_id": string;
          "created_at": string;
          "id": string;
          "metadata": NonNullable<Json>;
          "parent_id": string | null;
          "parts": NonNullable<Json>;
          "preprocessing_log_id": number | null;
          "role": string;
          "system_message_id": string | null;
          "taken_back_at": string | null;
          "token_count": number;
          "user_id": string;
          "workspace_id": string;
        };
        SetofOptions: {
          from: "*";
          to: "messages";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "transfer_ownership": {
        Args: { "to_user": string; "workspace_id": string };
        Returns: undefined;
      };
      "verify_audit_log": {
        Args: { "anchor"?: string; "month"?: string; "workspace_id": string };
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
      "workspace_place": {
        Args: { "workspace_id": string };
        Returns: {
          "cell": string;
          "publishable_key": string;
          "region": string;
          "revision": number;
          "status": string;
          "url": string;
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
