// SPDX-License-Identifier: Apache-2.0

package shmflake

// The library's codes, one for each of shmflake.h.
const (
	// What the caller passed.

	// ErrNullArgument: a required pointer is NULL.
	ErrNullArgument Code = -1
	// ErrCount: a count is 0.
	ErrCount Code = -2
	// ErrStructSize: struct_size is too small, or an unknown field is not 0.
	ErrStructSize Code = -3
	// ErrName: a region or namespace name is not allowed.
	ErrName Code = -4
	// ErrLayout: the ID layout is impossible.
	ErrLayout Code = -5
	// ErrWorkerID: the worker ID does not fit its bits.
	ErrWorkerID Code = -6
	// ErrOption: an option is out of its range.
	ErrOption Code = -7
	// ErrEnvironment: an environment variable has a bad value.
	ErrEnvironment Code = -8
	// ErrID: the ID cannot have come from this region.
	ErrID Code = -9
	// ErrTooFarAhead: Observe: the ID is further ahead of the clock than max_backward_ms.
	ErrTooFarAhead Code = -10
	// ErrInstant: Bounds: the instant is before the epoch or after the time range.
	ErrInstant Code = -11
	// ErrText: the text is no ID of that form.
	ErrText Code = -12
	// ErrForm: no such text form.
	ErrForm Code = -13
	// ErrBuffer: the buffer is too small.
	ErrBuffer Code = -14

	// The configuration file.

	// ErrConfigNotFound: the file that was named cannot be read.
	ErrConfigNotFound Code = -20
	// ErrConfigSyntax: not TOML.
	ErrConfigSyntax Code = -21
	// ErrConfigKey: an unknown key.
	ErrConfigKey Code = -22
	// ErrConfigType: a value of the wrong type.
	ErrConfigType Code = -23
	// ErrConfigValue: a value out of its range.
	ErrConfigValue Code = -24

	// The operating system.

	// ErrDirectory: the region directory is missing, no directory, or unsafe.
	ErrDirectory Code = -30
	// ErrStateDirectory: the state directory is missing, no directory, or unsafe.
	ErrStateDirectory Code = -31
	// ErrPermission: the system denies access.
	ErrPermission Code = -32
	// ErrReadOnly: the file system is read-only.
	ErrReadOnly Code = -33
	// ErrNoSpace: no space (a full tmpfs or disk, or a quota).
	ErrNoSpace Code = -34
	// ErrNoMemory: no memory, or too many mappings.
	ErrNoMemory Code = -35
	// ErrTooManyFiles: too many open files.
	ErrTooManyFiles Code = -36
	// ErrSystem: another system call failed; the message has its errno.
	ErrSystem Code = -37
	// ErrTimeout: another process held a step of create or attach for too long.
	ErrTimeout Code = -38

	// The region file. It is never deleted or rewritten when one of these is returned.

	// ErrNotFound: there is no region of that name, and creating was not asked for.
	ErrNotFound Code = -50
	// ErrNotRegular: not a regular file.
	ErrNotRegular Code = -51
	// ErrSymlink: a symbolic link.
	ErrSymlink Code = -52
	// ErrHardLink: a file with several names.
	ErrHardLink Code = -53
	// ErrOwner: a file of another user.
	ErrOwner Code = -54
	// ErrMode: the mode lets others in who should not be.
	ErrMode Code = -55
	// ErrTruncated: shorter than it says, or than any region is.
	ErrTruncated Code = -56
	// ErrMagic: not a shmflake region.
	ErrMagic Code = -57
	// ErrOlderVersion: an older layout version.
	ErrOlderVersion Code = -58
	// ErrNewerVersion: a newer layout version.
	ErrNewerVersion Code = -59
	// ErrChecksum: the header's CRC-32C is wrong.
	ErrChecksum Code = -60
	// ErrHeader: a header field is impossible.
	ErrHeader Code = -61
	// ErrFeatures: it uses features that this library does not know.
	ErrFeatures Code = -62
	// ErrSettingsDiffer: it was made with other settings.
	ErrSettingsDiffer Code = -63
	// ErrSplitBrain: processes still use a region that is not at its name any more.
	ErrSplitBrain Code = -64
	// ErrStateChanged: it was made with another state directory.
	ErrStateChanged Code = -65
	// ErrRegionLost: the file was removed, truncated or overwritten under us.
	ErrRegionLost Code = -66
	// ErrRetired: the region was retired; Next follows to the next one.
	ErrRetired Code = -67

	// The lease and its store.

	// ErrCeiling: the ceiling is reached, and the lease was not extended.
	ErrCeiling Code = -80
	// ErrLeaseLost: the store gave the worker ID to another region.
	ErrLeaseLost Code = -81
	// ErrRecovery: the old horizon is further ahead than max_recovery_ms.
	ErrRecovery Code = -82
	// ErrWorkerHeld: a living region has this worker ID.
	ErrWorkerHeld Code = -83
	// ErrStoreUnknown: no such store.
	ErrStoreUnknown Code = -84
	// ErrStoreUnavailable: the store cannot be opened, read or written.
	ErrStoreUnavailable Code = -85
	// ErrStoreLocked: somebody else holds the store locked.
	ErrStoreLocked Code = -86
	// ErrStoreCorrupt: the store is damaged.
	ErrStoreCorrupt Code = -87
	// ErrStoreSchema: the store has a schema of another version.
	ErrStoreSchema Code = -88
	// ErrStoreLayout: the store's record is of another ID layout or epoch.
	ErrStoreLayout Code = -89
	// ErrStoreReplaced: the store is not the one this namespace was started with.
	ErrStoreReplaced Code = -90
	// ErrStoreURL: the store's URL is not understood.
	ErrStoreURL Code = -91
	// ErrStorePlugin: the store's plug-in is missing, or of another version.
	ErrStorePlugin Code = -92
	// ErrStoreDenied: the store denies access: user, password, rights ...
	ErrStoreDenied Code = -93
	// ErrWorkersExhausted: no worker ID of the namespace is free.
	ErrWorkersExhausted Code = -94
	// ErrStoreBackwards: the store remembers less than it granted.
	ErrStoreBackwards Code = -95

	// The draw.

	// ErrExhausted: the sequence is used up as far ahead as max_backward_ms allows.
	ErrExhausted Code = -100
	// ErrClockBehind: the clock is behind the state word by more than max_backward_ms.
	ErrClockBehind Code = -101
	// ErrClockJump: the clock jumped forward by more than max_forward_ms.
	ErrClockJump Code = -102
	// ErrTimeRange: the timestamp does not fit its bits any more.
	ErrTimeRange Code = -103
	// ErrBeforeEpoch: the clock is before the epoch.
	ErrBeforeEpoch Code = -104
	// ErrWouldWait: drawing would have had to wait.
	ErrWouldWait Code = -105

	// Segments.

	// ErrTag: a tag must be 1..64 bytes of UTF-8.
	ErrTag Code = -120
	// ErrTagUnknown: the store has no row for the tag, and none was to be created.
	ErrTagUnknown Code = -121
	// ErrTagsFull: the region has no room for another tag.
	ErrTagsFull Code = -122
	// ErrTagStore: the region draws the tag from another store.
	ErrTagStore Code = -123
	// ErrStep: the row's step is 0 or beyond the cap.
	ErrStep Code = -124
	// ErrSegmentRange: max_id is negative, or too near 2^63 - 1.
	ErrSegmentRange Code = -125
	// ErrSegmentBackwards: the store grants what this region was granted before.
	ErrSegmentBackwards Code = -126
	// ErrSegmentEmpty: no ID is left, and the next segment did not come in time.
	ErrSegmentEmpty Code = -127
	// ErrReserve: the Reserve function failed, or gave an impossible range.
	ErrReserve Code = -128
)
