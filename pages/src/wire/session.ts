// Who is logged in and what they may do, as the server answers it.
export interface Session {
  user: { name: string; shown: string } | null;
  permissions: Record<string, string[]>;
  csrf: string;
  demonstration: boolean;
  needs_setup: boolean;
  /** Somebody else gave the password: the server refuses all else until its owner sets another. */
  must_change_password: boolean;
  /** Who gave it; empty where its owner set it. */
  password_given_by: string;
  server: {
    name: string;
    version: string;
    world: string;
    time: string;
    speed: number;
    zone: string;
    revision: number;
    /** There is nothing but a recording. */
    is_replay?: boolean;
  };
}
