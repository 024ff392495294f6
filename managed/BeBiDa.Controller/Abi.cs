using System.Runtime.InteropServices;

namespace BeBiDa.Controller;

/// <summary>native/bridge/bebida.h in C#; a test holds the two against each other.</summary>
internal static class Abi
{
    /// <summary>BEBIDA_ABI_VERSION.</summary>
    public const uint Version = 2;
}

/// <summary>enum bebida_status.</summary>
internal enum Status
{
    Ok = 0,
    ErrorAbi = 1,
    ErrorConfiguration = 2,
    ErrorState = 3,
    ErrorArgument = 4,
    ErrorInternal = 5,
}

/// <summary>enum bebida_outcome.</summary>
internal enum Outcome
{
    Done = 0,
    Failed = 1,
}

/// <summary>enum bebida_direction.</summary>
internal enum Direction
{
    Decommission = 0,
    Recommission = 1,
}

/// <summary>enum bebida_log_level.</summary>
internal enum HostLogLevel
{
    Error = 0,
    Info = 1,
    Verbose = 2,
    Debug = 3,
}

/// <summary>enum bebida_presence.</summary>
internal enum Presence
{
    Gone = 0,
    Present = 1,
    Unknown = 2,
}

/// <summary>struct bebida_host.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct Host
{
    public uint AbiVersion;
    public uint Size;
    public delegate* unmanaged[Cdecl]<int, byte*, void> Log;
    public delegate* unmanaged[Cdecl]<ulong, int, void> Answer;
    public delegate* unmanaged[Cdecl]<uint, int> Presence;
}
