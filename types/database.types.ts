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
      "conversations": {
        Row: {
          "active_message_id": string | null;
          "agent_id": string | null;
          "created_at": string;
          "deleted_at": string | null;
          "folder_id": string | null;
          "id": string;
          "last_context": NonNullable<Json>;
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
            foreignKeyName: "feedback_signals_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["user_id"];
          },
          {
            foreignKeyName: "message_is_of_the_conversation";
            columns: ["conversation_id", "message_id", "workspace_id"];
            isOneToOne: false;
            referencedRelation: "messages";
            referencedColumns: ["conversation_id", "id", "workspace_id"];
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
      "messages": {
        Row: {
          "attachments": NonNullable<Json>;
          "content_for_llm": string | null;
          "conversation_id": string;
          "created_at": string;
          "id": string;
          "metadata": NonNullable<Json>;
          "parent_id": string | null;
          "parts": NonNullable<Json>;
          "preprocessing_log_id": number | null;
          "role": string;
          "token_count": number | null;
          "user_id": string;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "attachments"?: NonNullable<Json>;
          "content_for_llm"?: string | null;
          "conversation_id": string;
          "created_at"?: string;
          "id"?: string;
          "metadata"?: NonNullable<Json>;
          "parent_id"?: string | null;
          "parts": NonNullable<Json>;
          "preprocessing_log_id"?: number | null;
          "role": string;
          "token_count"?: number | null;
          "user_id": string;
          "workspace_id": string;
        };
        Update: {
          "attachments"?: NonNullable<Json>;
          "content_for_llm"?: string | null;
          "conversation_id"?: string;
          "created_at"?: string;
          "id"?: string;
          "metadata"?: NonNullable<Json>;
          "parent_id"?: string | null;
          "parts"?: NonNullable<Json>;
          "preprocessing_log_id"?: number | null;
          "role"?: string;
          "token_count"?: number | null;
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
          {
            foreignKeyName: "log_is_of_the_conversation";
            columns: ["preprocessing_log_id", "conversation_id", "workspace_id"];
            isOneToOne: false;
            referencedRelation: "preprocessing_logs";
            referencedColumns: ["id", "conversation_id", "workspace_id"];
          },
          {
            foreignKeyName: "parent_is_of_the_conversation";
            columns: ["parent_id", "conversation_id", "workspace_id"];
            isOneToOne: false;
            referencedRelation: "messages";
            referencedColumns: ["id", "conversation_id", "workspace_id"];
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
            foreignKeyName: "message_is_of_the_conversation";
            columns: ["conversation_id", "message_id", "workspace_id"];
            isOneToOne: false;
            referencedRelation: "messages";
            referencedColumns: ["conversation_id", "id", "workspace_id"];
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
            foreignKeyName: "message_is_of_the_conversation";
            columns: ["conversation_id", "message_id", "workspace_id"];
            isOneToOne: false;
            referencedRelation: "messages";
            referencedColumns: ["conversation_id", "id", "workspace_id"];
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
            foreignKeyName: "message_is_of_the_conversation";
            columns: ["conversation_id", "message_id", "workspace_id"];
            isOneToOne: false;
            referencedRelation: "messages";
            referencedColumns: ["conversation_id", "id", "workspace_id"];
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
          "content_for_llm": string | null;
          "conversation_id": string;
          "created_at": string;
          "id": string;
          "metadata": NonNullable<Json>;
          "parent_id": string | null;
          "parts": NonNullable<Json>;
          "preprocessing_log_id": number | null;
          "role": string;
          "token_count": number | null;
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
      "conversation_path": {
        Args: { "before"?: string; "message_id": string; "page_size"?: number };
        Returns: {
          "attachments": NonNullable<Json>;
          "content_for_llm": string | null;
          "conversation_id": string;
          "created_at": string;
          "id": string;
          "metadata": NonNullable<Json>;
          "parent_id": string | null;
          "parts": NonNullable<Json>;
          "preprocessing_log_id": number | null;
          "role": string;
          "token_count": number | null;
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
      "delete_conversation": { Args: { "conversation_id": string }; Returns: string };
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
      "move_folder": { Args: { "folder_id": string; "to_path": string }; Returns: number };
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
      "reject_suggestion": { Args: { "suggestion_id": string }; Returns: undefined };
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
      "select_branch": { Args: { "message_id": string }; Returns: string };
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
