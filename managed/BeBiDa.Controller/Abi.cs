using System.Runtime.InteropServices;

namespace BeBiDa.Controller;

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

/// <summary>enum bebida_direction.</summary>
internal enum Direction
{
    Decommission = 0,
    Recommission = 1,
}

/// <summary>struct bebida_host.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct Host
{
    public uint AbiVersion;
    public uint Size;
    public delegate* unmanaged[Cdecl]<int, byte*, void> Log;
    public delegate* unmanaged[Cdecl]<ulong, int, void> Answer;
    public delegate* unmanaged[Cdecl]<uint, delegate* unmanaged[Cdecl]<nint, byte*, void>, nint, int> Presence;
    public delegate* unmanaged[Cdecl]<delegate* unmanaged[Cdecl]<nint, HostJob*, void>, nint, byte*, uint, byte*, uint, int> Jobs;
}

/// <summary>struct bebida_job.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct HostJob
{
    public uint Id;
    public uint UserId;
    public int Leaving;
    public byte* Partition;
    public byte** Nodes;
}
