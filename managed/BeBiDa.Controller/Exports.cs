using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using BeBiDa.Abi;
using BeBiDa.Configuration;
using BeBiDa.Jobs;

namespace BeBiDa.Controller;

/// <summary>The functions of native/bridge/bebida.h. Each catches everything: no exception may cross into C.</summary>
internal static unsafe class Exports
{
    // How long what was cancelled may take to end.
    private static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(5);

    private static readonly Lock Gate = new();
    private static ControllerHost host;
    private static HostLog? log;
    private static Controller? controller;

    /// <summary>bebida_abi_version.</summary>
    [UnmanagedCallersOnly(EntryPoint = "bebida_abi_version", CallConvs = [typeof(CallConvCdecl)])]
    public static uint AbiVersion() => Header.AbiVersion;

    /// <summary>bebida_start.</summary>
    [UnmanagedCallersOnly(EntryPoint = "bebida_start", CallConvs = [typeof(CallConvCdecl)])]
    public static int Start(ControllerHost* lent)
    {
        if (lent is null || lent->Log is null)
            return (int)Status.ErrorArgument;
        var logging = new HostLog(lent->Log);
        return (int)Guarded(
            logging,
            () =>
            {
                if (
                    lent->AbiVersion != Header.AbiVersion
                    || lent->Size != sizeof(ControllerHost)
                    || lent->Answer is null
                    || lent->Presence is null
                    || lent->Jobs is null
                    || lent->Conditions is null
                    || lent->ChangeNodes is null
                    || lent->NodesKeptOn is null
                    || lent->KeepNodesOn is null
                    || lent->Plans is null
                )
                {
                    logging.WrongAbi(Header.AbiVersion, lent->AbiVersion);
                    return Status.ErrorAbi;
                }
                lock (Gate)
                {
                    if (controller is not null)
                        return Status.ErrorState;
                    host = *lent;
                    try
                    {
                        controller = Controller.Start(
                            logging,
                            Answer,
                            new HostPresence(lent->Presence),
                            new HostJobs(lent->Jobs),
                            new HostConditions(*lent),
                            new HostPlans(lent->Plans),
                            new HostNodesKeptOn(*lent),
                            new HostChanges(*lent)
                        );
                        log = logging;
                        return Status.Ok;
                    }
                    catch (ConfigurationException e)
                    {
                        foreach (var problem in e.Problems)
                            logging.Unusable(problem.ToString());
                        return Status.ErrorConfiguration;
                    }
                }
            }
        );
    }

    /// <summary>bebida_hand_over.</summary>
    [UnmanagedCallersOnly(EntryPoint = "bebida_hand_over", CallConvs = [typeof(CallConvCdecl)])]
    public static int HandOver(ulong request, int direction, byte** environment, byte** nodes, uint budgetMilliseconds)
    {
        Controller? running;
        HostLog? logging;
        lock (Gate)
            (running, logging) = (controller, log);
        if (running is null || logging is null)
            return (int)Status.ErrorState;
        return (int)Guarded(
            logging,
            () =>
            {
                if (environment is null || nodes is null || !Enum.IsDefined((Direction)direction))
                    return Status.ErrorArgument;
                try
                {
                    var job = Job.FromEnvironment(NativeStrings.ReadVariables(environment), NativeStrings.Read(nodes));
                    running.HandOver(request, (Direction)direction, job, TimeSpan.FromMilliseconds(budgetMilliseconds));
                    return Status.Ok;
                }
                catch (FormatException e)
                {
                    logging.Unusable(e.Message);
                    return Status.ErrorArgument;
                }
            }
        );
    }

    /// <summary>bebida_stop.</summary>
    [UnmanagedCallersOnly(EntryPoint = "bebida_stop", CallConvs = [typeof(CallConvCdecl)])]
    public static int Stop(uint graceMilliseconds)
    {
        Controller? running;
        HostLog? logging;
        lock (Gate)
        {
            (running, logging) = (controller, log);
            (controller, log) = (null, null);
        }
        if (running is null || logging is null)
            return (int)Status.ErrorState;
        return (int)Guarded(
            logging,
            () =>
            {
                // The ABI is synchronous: this thread is the shim's, and there is nothing else for it to do.
                var grace = TimeSpan.FromMilliseconds(graceMilliseconds);
                var ended = running.StopAsync(grace).Wait(grace + StopLimit);
                lock (Gate)
                    host = default;
                logging.Dispose();
                return ended ? Status.Ok : Status.ErrorInternal;
            }
        );
    }

    private static void Answer(ulong request, Outcome outcome)
    {
        delegate* unmanaged[Cdecl]<ulong, int, void> answer;
        lock (Gate)
            answer = host.Answer;
        if (answer is not null)
            answer(request, (int)outcome);
    }

    private static Status Guarded(HostLog logging, Func<Status> work)
    {
        try
        {
            return work();
        }
        catch (Exception e)
        {
            logging.Broke(e);
            return Status.ErrorInternal;
        }
    }
}
