namespace BeBiDa.Chaos.Adversities;

/// <summary>What goes wrong.</summary>
public enum AdversityKind
{
    /// <summary>slurmctld ends in order and is started again.</summary>
    ControllerRestarted,

    /// <summary>slurmctld is killed (SIGKILL) and started again.</summary>
    ControllerKilled,

    /// <summary>scontrol reconfigure.</summary>
    Reconfigured,

    /// <summary>slurmctld is killed while it cannot reach Kubernetes: what it owes then, nobody knows any more.</summary>
    ControllerKilledInOutage,

    /// <summary>slurmd of some nodes is killed and started again.</summary>
    NodeDaemonKilled,

    /// <summary>Some nodes are DOWN, FAIL, or in a maintenance reservation, whatever runs there.</summary>
    NodesUnfit,

    /// <summary>Slurm's power saving switches some nodes off, and on again.</summary>
    NodesSwitchedOff,

    /// <summary>Connections to the API server are refused, and those there were are reset.</summary>
    ApiRefused,

    /// <summary>Nothing comes through to the API server or from it, and nobody says so.</summary>
    ApiSilent,

    /// <summary>Every packet to and from the API server takes its time.</summary>
    ApiSlow,

    /// <summary>All connections to the API server, and with them all watches, are reset again and again.</summary>
    WatchesCut,

    /// <summary>The API server stops, for everyone. Embedded only.</summary>
    ApiStopped,

    /// <summary>Shares of the plugin's requests are answered 500, 429 or 409. Embedded only.</summary>
    ApiErrors,

    /// <summary>Shares of the plugin's requests are lost, or carried out without an answer. Embedded only.</summary>
    AnswersLost,

    /// <summary>The plugin's requests are carried out late, and in another order. Embedded only.</summary>
    AnswersLate,

    /// <summary>The API server's certificate has expired. Embedded only.</summary>
    ServerCertificateExpired,

    /// <summary>The plugin's client certificate is replaced; the one before expires.</summary>
    ClientCertificateRotated,

    /// <summary>The API server is away for longer than controller.deadline.</summary>
    LongOutage,
}

/// <summary>One thing that goes wrong.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Lasts">For how long.</param>
/// <param name="Calm">How long nothing else goes wrong after it.</param>
/// <param name="Seed">Decides what else there is to decide.</param>
public sealed record Adversity(AdversityKind Kind, TimeSpan Lasts, TimeSpan Calm, int Seed);
