using System.Runtime.InteropServices;

namespace BeBiDa.Abi;

/// <summary>native/bridge/bebida.h in C#; a test compares the two.</summary>
public static class Header
{
    /// <summary>BEBIDA_ABI_VERSION.</summary>
    public const uint AbiVersion = 9;
}

/// <summary>enum bebida_log_level.</summary>
public enum HostLogLevel
{
    /// <summary>BEBIDA_LOG_ERROR.</summary>
    Error = 0,

    /// <summary>BEBIDA_LOG_INFO.</summary>
    Info = 1,

    /// <summary>BEBIDA_LOG_VERBOSE.</summary>
    Verbose = 2,

    /// <summary>BEBIDA_LOG_DEBUG.</summary>
    Debug = 3,
}

/// <summary>enum bebida_direction.</summary>
public enum Direction
{
    /// <summary>BEBIDA_DECOMMISSION.</summary>
    Decommission = 0,

    /// <summary>BEBIDA_RECOMMISSION.</summary>
    Recommission = 1,
}

/// <summary>enum bebida_outcome.</summary>
public enum Outcome
{
    /// <summary>BEBIDA_DONE.</summary>
    Done = 0,

    /// <summary>BEBIDA_FAILED.</summary>
    Failed = 1,
}

/// <summary>enum bebida_status.</summary>
public enum Status
{
    /// <summary>BEBIDA_OK.</summary>
    Ok = 0,

    /// <summary>BEBIDA_ERROR_ABI.</summary>
    ErrorAbi = 1,

    /// <summary>BEBIDA_ERROR_CONFIGURATION.</summary>
    ErrorConfiguration = 2,

    /// <summary>BEBIDA_ERROR_STATE.</summary>
    ErrorState = 3,

    /// <summary>BEBIDA_ERROR_ARGUMENT.</summary>
    ErrorArgument = 4,

    /// <summary>BEBIDA_ERROR_INTERNAL.</summary>
    ErrorInternal = 5,
}

/// <summary>enum bebida_presence.</summary>
[Flags]
public enum Presence
{
    /// <summary>BEBIDA_GONE.</summary>
    Gone = 0,

    /// <summary>BEBIDA_PRESENT.</summary>
    Present = 1,

    /// <summary>BEBIDA_UNKNOWN.</summary>
    Unknown = 2,

    /// <summary>BEBIDA_LOST_NODE.</summary>
    LostNode = 4,
}

/// <summary>enum bebida_node_change.</summary>
public enum NodeChange
{
    /// <summary>BEBIDA_NODE_TO_DRAIN.</summary>
    Drain = 0,

    /// <summary>BEBIDA_NODE_TO_UNDRAIN.</summary>
    Undrain = 1,
}

/// <summary>enum bebida_stage.</summary>
public enum Stage
{
    /// <summary>BEBIDA_JOB_WAITS.</summary>
    Waits = 0,

    /// <summary>BEBIDA_JOB_RUNS.</summary>
    Runs = 1,

    /// <summary>BEBIDA_JOB_ENDED.</summary>
    Ended = 2,
}

#pragma warning disable CS1591 // bebida.h describes each field.

/// <summary>struct bebida_job.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct HostJob
{
    public uint Id;
    public uint UserId;
    public int Leaving;
    public byte* Account;
    public byte* Partition;
    public byte** Nodes;
}

/// <summary>struct bebida_node.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct HostNode
{
    public byte* Name;
    public uint Conditions;
    public byte* Reason;
}

/// <summary>struct bebida_reservation.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct HostReservation
{
    public byte* Name;
    public int Maintenance;
    public long Begin;
    public long End;
    public byte** Nodes;
}

/// <summary>struct bebida_plan.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct HostPlan
{
    public uint JobId;
    public uint UserId;
    public uint Stage;
    public uint Limit;
    public byte* Account;
    public byte* Partitions;
    public byte* Reservation;
    public uint NodeCount;
    public long Start;
    public long End;
    public byte** Nodes;
}

/// <summary>struct bebida_backfill.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct HostBackfill
{
    public uint Interval;
    public uint Window;
}

/// <summary>struct bebida_look.</summary>
[StructLayout(LayoutKind.Sequential)]
public struct HostLook
{
    public long Nodes;
    public long Reservations;
    public int Unchanged;
}

/// <summary>struct bebida_host.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct ControllerHost
{
    public required uint AbiVersion;
    public required uint Size;
    public required delegate* unmanaged[Cdecl]<int, byte*, void> Log;
    public required delegate* unmanaged[Cdecl]<ulong, int, void> Answer;
    public required delegate* unmanaged[Cdecl]<uint, delegate* unmanaged[Cdecl]<nint, byte*, void>, nint, int> Presence;
    public required delegate* unmanaged[Cdecl]<delegate* unmanaged[Cdecl]<nint, HostJob*, void>, nint, byte*, uint, byte*, uint, int> Jobs;
    public required delegate* unmanaged[Cdecl]<
        HostLook*,
        delegate* unmanaged[Cdecl]<nint, HostNode*, void>,
        delegate* unmanaged[Cdecl]<nint, HostReservation*, void>,
        nint,
        byte*,
        uint,
        byte*,
        uint,
        int> Conditions;
    public required delegate* unmanaged[Cdecl]<byte*, int, byte*, byte*, uint, int> ChangeNodes;
    public required delegate* unmanaged[Cdecl]<delegate* unmanaged[Cdecl]<nint, byte*, void>, nint, byte*, uint, int> NodesKeptOn;
    public required delegate* unmanaged[Cdecl]<byte*, int, byte*, uint, int> KeepNodesOn;
    public required delegate* unmanaged[Cdecl]<
        delegate* unmanaged[Cdecl]<nint, HostPlan*, void>,
        nint,
        HostBackfill*,
        byte*,
        uint,
        int> Plans;
}

/// <summary>struct bebida_node_host.</summary>
[StructLayout(LayoutKind.Sequential)]
public unsafe struct NodeHost
{
    public required uint AbiVersion;
    public required uint Size;
    public required delegate* unmanaged[Cdecl]<int, byte*, void> Log;
    public required delegate* unmanaged[Cdecl]<uint, byte*, uint, byte*, uint, int> FindJob;
}
