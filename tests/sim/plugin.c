/* SPDX-License-Identifier: Apache-2.0 */
/* store-etcd.so of the simulation: the core loads it like any other, and gets the simulator's. */
#include "core/store/store_plugin.h"

const shmflake_store_plugin* shmflake_sim_store_plugin(void);

__attribute__((visibility("default"))) const shmflake_store_plugin* shmflake_store_plugin_v2(void);
const shmflake_store_plugin* shmflake_store_plugin_v2(void) { return shmflake_sim_store_plugin(); }
