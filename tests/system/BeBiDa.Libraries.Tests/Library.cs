using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using BeBiDa.Abi;
using BeBiDa.Lab;

namespace BeBiDa.Libraries.Tests;

/// <summary>The installed library, loaded into this process as slurmctld's plugin loads it.</summary>
internal static unsafe class Library
{
    private static readonly nint Handle = NativeLibrary.Load(FilePath);

    public static string FilePath => Path.Combine(PluginBuild.Locate().LibraryDirectory, "libbebida_controller.so");

    /// <summary>What it has logged.</summary>
    public static ConcurrentQueue<(int Level, string Line)> Log { get; } = new();

    /// <summary>What it has answered.</summary>
    public static ConcurrentQueue<(ulong Request, int Outcome)> Answers { get; } = new();

    /// <summary>Told of each answer, on the library's own thread.</summary>
    public static event Action<ulong, int>? Answered;

    public static uint AbiVersion() => ((delegate* unmanaged[Cdecl]<uint>)Export("bebida_abi_version"))();

    public static int Start(uint abiVersion, uint? size = null)
    {
        var host = new ControllerHost
        {
            AbiVersion = abiVersion,
            Size = size ?? (uint)sizeof(ControllerHost),
            Log = &OnLog,
            Answer = &OnAnswer,
            Presence = &OnPresence,
            Jobs = &OnJobs,
            Conditions = &OnConditions,
            ChangeNodes = &OnChangeNodes,
            NodesKeptOn = &OnNodesKeptOn,
            KeepNodesOn = &OnKeepNodesOn,
            Plans = &OnPlans,
        };
        return ((delegate* unmanaged[Cdecl]<ControllerHost*, int>)Export("bebida_start"))(&host);
    }

    public static int StartWithoutHost() => ((delegate* unmanaged[Cdecl]<ControllerHost*, int>)Export("bebida_start"))(null);

    public static int HandOver(ulong request, int direction, string[]? environment, string[]? nodes, uint budgetMilliseconds)
    {
        var variables = Strings(environment);
        var names = Strings(nodes);
        try
        {
            return ((delegate* unmanaged[Cdecl]<ulong, int, byte**, byte**, uint, int>)Export("bebida_hand_over"))(
                request,
                direction,
                variables,
                names,
                budgetMilliseconds
            );
        }
        finally
        {
            Free(variables);
            Free(names);
        }
    }

    public static int Stop(uint graceMilliseconds) => ((delegate* unmanaged[Cdecl]<uint, int>)Export("bebida_stop"))(graceMilliseconds);

    /// <summary>Sets a variable where native code sees it; .NET's own environment is a copy.</summary>
    public static void SetEnvironment(string name, string value)
    {
        if (SetEnv(name, value, 1) != 0)
            throw new LabException($"the variable {name} cannot be set");
    }

    private static nint Export(string name) => NativeLibrary.GetExport(Handle, name);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnLog(int level, byte* line) => Log.Enqueue((level, Marshal.PtrToStringUTF8((nint)line)!));

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static void OnAnswer(ulong request, int outcome)
    {
        Answers.Enqueue((request, outcome));
        Answered?.Invoke(request, outcome);
    }

    // BEBIDA_GONE: a job that has ended has left its nodes.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnPresence(uint job, delegate* unmanaged[Cdecl]<nint, byte*, void> take, nint context) => 0;

    // BEBIDA_FAILED: nobody knows of any job, so nothing is repaired.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnJobs(
        delegate* unmanaged[Cdecl]<nint, HostJob*, void> take,
        nint context,
        byte* cluster,
        uint clusterSize,
        byte* reason,
        uint reasonSize
    ) => 1;

    // BEBIDA_FAILED: nor of any node's state.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnConditions(
        HostLook* last,
        delegate* unmanaged[Cdecl]<nint, HostNode*, void> take,
        delegate* unmanaged[Cdecl]<nint, HostReservation*, void> takeMaintenance,
        nint context,
        byte* cluster,
        uint clusterSize,
        byte* reason,
        uint reasonSize
    ) => 1;

    // BEBIDA_FAILED: nor changes it.
    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnChangeNodes(byte* nodes, int change, byte* because, byte* reason, uint reasonSize) => 1;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnNodesKeptOn(delegate* unmanaged[Cdecl]<nint, byte*, void> take, nint context, byte* reason, uint reasonSize) => 1;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnKeepNodesOn(byte* nodes, int keep, byte* reason, uint reasonSize) => 1;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int OnPlans(
        delegate* unmanaged[Cdecl]<nint, HostPlan*, void> take,
        nint context,
        HostBackfill* backfill,
        byte* reason,
        uint reasonSize
    ) => 1;

    private static byte** Strings(string[]? strings)
    {
        if (strings is null)
            return null;
        var array = (byte**)NativeMemory.AllocZeroed((nuint)strings.Length + 1, (nuint)sizeof(byte*));
        for (var i = 0; i < strings.Length; i++)
            array[i] = (byte*)Marshal.StringToCoTaskMemUTF8(strings[i]);
        return array;
    }

    private static void Free(byte** strings)
    {
        for (var i = 0; strings is not null && strings[i] is not null; i++)
            Marshal.FreeCoTaskMem((nint)strings[i]);
        NativeMemory.Free(strings);
    }

    [DllImport("libc", EntryPoint = "setenv")]
    private static extern int SetEnv(
        [MarshalAs(UnmanagedType.LPUTF8Str)] string name,
        [MarshalAs(UnmanagedType.LPUTF8Str)] string value,
        int overwrite
    );
}
