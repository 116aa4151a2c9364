import type {
  CreateDatabaseRequest,
  CreateTableRequest,
  DeleteRequest,
  DropDatabaseRequest,
  DropTableRequest,
  InsertRequest,
  InputValue,
  SelectRequest,
  UpdateRequest,
} from "@understudy/protocol";

/** A built statement: `?` for each value. */
export interface BuiltStatement {
  readonly sql: string;
  readonly params: InputValue[];
}

/** All rows of one INSERT. Throws `invalid-request`. */
export declare function buildInsert(request: InsertRequest): BuiltStatement;
/** Throws `missing-where`, `invalid-request`. */
export declare function buildUpdate(request: UpdateRequest): BuiltStatement;
/** Throws `missing-where`, `invalid-request`. */
export declare function buildDelete(request: DeleteRequest): BuiltStatement;
/** Throws `invalid-request`. */
export declare function buildSelect(request: SelectRequest): BuiltStatement;
export declare function buildCreateDatabase(request: CreateDatabaseRequest): BuiltStatement;
export declare function buildDropDatabase(request: DropDatabaseRequest): BuiltStatement;
/** Throws `invalid-request`, `not-allowed`. */
export declare function buildCreateTable(request: CreateTableRequest): BuiltStatement;
export declare function buildDropTable(request: DropTableRequest): BuiltStatement;
