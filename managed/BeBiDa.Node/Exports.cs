using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.Unicode;
using BeBiDa.Abi;
using BeBiDa.Configuration;
using BeBiDa.Node.Services;
using Microsoft.Extensions.Logging;

namespace BeBiDa.Node;

/// <summary>The functions of native/bridge/bebida.h. Each catches everything: no exception may cross into C.</summary>
internal static unsafe class Exports
{
    private delegate string? Work(IReadOnlyDictionary<string, string> environment, IJobFinder finder, ILogger logger);

    /// <summary>bebida_abi_version.</summary>
    [UnmanagedCallersOnly(EntryPoint = "bebida_abi_version", CallConvs = [typeof(CallConvCdecl)])]
    public static uint AbiVersion() => Header.AbiVersion;

    /// <summary>bebida_node_prolog.</summary>
    [UnmanagedCallersOnly(EntryPoint = "bebida_node_prolog", CallConvs = [typeof(CallConvCdecl)])]
    public static int Prolog(NodeHost* host, byte** environment, byte* reason, uint size) =>
        (int)Guarded(host, environment, reason, size, Hooks.Prolog);

    /// <summary>bebida_node_epilog.</summary>
    [UnmanagedCallersOnly(EntryPoint = "bebida_node_epilog", CallConvs = [typeof(CallConvCdecl)])]
    public static int Epilog(NodeHost* host, byte** environment, byte* reason, uint size) =>
        (int)Guarded(host, environment, reason, size, Hooks.Epilog);

    /// <summary>bebida_node_recover.</summary>
    [UnmanagedCallersOnly(EntryPoint = "bebida_node_recover", CallConvs = [typeof(CallConvCdecl)])]
    public static int Recover(NodeHost* host, byte** environment, byte* reason, uint size) =>
        (int)Guarded(host, environment, reason, size, Hooks.Recover);

    /// <summary>bebida_node_may_keep.</summary>
    [UnmanagedCallersOnly(EntryPoint = "bebida_node_may_keep", CallConvs = [typeof(CallConvCdecl)])]
    public static int MayKeep(NodeHost* host, byte** environment, byte* reason, uint size) =>
        (int)Guarded(host, environment, reason, size, (variables, _, _) => Hooks.MayKeep(variables));

    private static Outcome Guarded(NodeHost* host, byte** environment, byte* reason, uint size, Work work)
    {
        if (host is null || host->Log is null)
            return Outcome.Failed;
        using var log = new HostLog(host->Log);
        var problem = Problem(host, environment, log, work);
        Write(problem ?? "", reason, size);
        return problem is null ? Outcome.Done : Outcome.Failed;
    }

    private static string? Problem(NodeHost* host, byte** environment, HostLog log, Work work)
    {
        try
        {
            if (host->AbiVersion != Header.AbiVersion || host->Size != sizeof(NodeHost))
                return Problems.OtherAbi(host->AbiVersion);
            return host->FindJob is null || environment is null
                ? Problems.NoHost
                : work(NativeStrings.ReadVariables(environment), new HostJobFinder(host->FindJob), log);
        }
        catch (Exception e)
            when (e
                    is ConfigurationException
                        or ServiceManagerException
                        or TimeoutException
                        or FormatException
                        or IOException
                        or UnauthorizedAccessException
            )
        {
            return e.Message;
        }
        catch (Exception e)
        {
            log.Unexpected(e);
            return Problems.Unexpected(e);
        }
    }

    // Cut to size, at a whole character.
    private static void Write(string text, byte* buffer, uint size)
    {
        if (buffer is null || size == 0)
            return;
        var room = new Span<byte>(buffer, (int)size);
        Utf8.FromUtf16(text.ReplaceLineEndings(" "), room[..^1], out _, out var written, replaceInvalidSequences: true);
        room[written] = 0;
    }
}
