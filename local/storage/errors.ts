/** The errors of Storage, as the platform's answers have them: HTTP 400, and the status proper in the body. */

/** A refusal. */
export class StorageError extends Error {
  constructor(
    /** The status in the body. */
    readonly status: number,
    /** The platform's name of the error. */
    readonly code: string,
    message: string,
    /** The platform's older name of it, which clients also read. */
    readonly error: string = code,
    /** The status of the answer. */
    readonly httpStatus: number = 400,
  ) {
    super(message);
  }

  /** The answer. */
  respond(): Response {
    const { status, code, message, error, httpStatus } = this;
    return Response.json({ statusCode: String(status), error, message, code }, {
      status: httpStatus,
    });
  }
}

export const noSuchBucket = () =>
  new StorageError(404, "NoSuchBucket", "Bucket not found", "Bucket not found");
export const noSuchKey = () => new StorageError(404, "NoSuchKey", "Object not found", "not_found");
export const alreadyExists = () =>
  new StorageError(409, "KeyAlreadyExists", "The resource already exists", "Duplicate");
export const invalidKey = (key: string) =>
  new StorageError(400, "InvalidKey", `Invalid key: ${key}`);
export const invalidInput = (message: string) =>
  new StorageError(400, "InvalidRequest", message, "Invalid Input");
export const tooLarge = () =>
  new StorageError(
    413,
    "EntityTooLarge",
    "The object exceeded the maximum allowed size",
    "Payload too large",
  );
export const invalidMimeType = (type: string) =>
  new StorageError(
    415,
    "InvalidMimeType",
    `mime type ${type} is not supported`,
    "invalid_mime_type",
  );
export const unauthorized = (message: string) =>
  new StorageError(403, "AccessDenied", message, "Unauthorized");
export const invalidToken = (message: string) => new StorageError(400, "InvalidJWT", message);
export const notServed = (what: string) =>
  new StorageError(
    501,
    "FeatureNotEnabled",
    `The local stack does not serve ${what}; the platform does`,
    "FeatureNotEnabled",
    501,
  );

/** What an error of the database means to who asked Storage. */
export function fromDatabase(error: unknown): unknown {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  const message = error instanceof Error ? error.message : "";
  if (code === "42501") return unauthorized(message);
  if (code === "23505") return alreadyExists();
  if (code === "23503") return noSuchBucket();
  if (typeof code === "string" && /^(22|23|P0)/.test(code)) return invalidInput(message);
  return error;
}
