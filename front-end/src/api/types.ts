/** The API's messages under short names. The types themselves are generated: `npm run generate`. */
import type { components } from "./schema";

type Schemas = components["schemas"];

export type Session = Schemas["Session"];
export type Profile = Schemas["UserSummary"];
export type ItemSummary = Pick<Schemas["Item"], "item_id" | "title" | "year" | "genres">;
export type Item = Schemas["Item"];
export type ItemDetail = Schemas["ItemDetail"];
export type ListedItem = Schemas["ListedItem"];
export type Reason = NonNullable<ListedItem["reasons"]>[number];
export type ItemList = Schemas["ItemList"];
export type Recommendations = Schemas["Recommendations"];
export type RatedItem = Schemas["RatedItem"];
export type Prediction = Schemas["Prediction"];
export type Category = Schemas["Category"];
export type Deployment = Schemas["Deployment"];
export type ModelVersion = Schemas["ModelVersion"];
export type ModelVersionDetail = Schemas["ModelVersionDetail"];
export type JobRun = Schemas["JobRun"];
export type LogLine = Schemas["LogLine"];
export type AuditEntry = Schemas["AuditEntry"];
export type AuditVerdict = Schemas["AuditVerdict"];
export type Alert = Schemas["Alert"];
export type PolicyPreset = Schemas["PolicyPreset"];
export type Rollout = Schemas["Rollout"];
export type RolloutDetail = Schemas["RolloutDetail"];
export type VersionReview = Schemas["VersionReview"];
