export type {
  CoordinationStore,
  StoreCall,
  StoreChange,
  StoreCondition,
  StoredKey,
  StoreSnapshot,
  StoreWrite,
} from "./coordination-store.ts";
