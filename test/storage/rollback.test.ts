import { rollbackMatrix } from '../support/rollback-matrix.ts'
import { useStore } from '../support/store.ts'

rollbackMatrix(await useStore())
