/** What the routes of this function answer, for `docs/openapi.json` and the tests. */
import { type Answers, published, publishing } from "../_shared/http/answer-schemas.ts";

/** By handler. */
export const answers: Answers = { publishPosts: { 200: published, 202: publishing } };
