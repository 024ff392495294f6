namespace BeBiDa;

/// <summary>Every name that BeBiDa writes into a Kubernetes cluster, in one place.</summary>
public static class WellKnownNames
{
    /// <summary>
    /// Prefix of the annotation that a hold puts on a Node: <c>hold.bebida.io/&lt;cluster&gt;.&lt;job id&gt;</c>, with <c>_&lt;task&gt;</c> after it
    /// for a task of an array whose tasks share one job id.
    /// Its value is the time since when the job holds the node (RFC 3339, UTC). A standing hold, which is no job's, has the name
    /// of its holder there, and its value is <c>since[/until] why</c>.
    /// </summary>
    public const string HoldAnnotationPrefix = "hold.bebida.io/";

    /// <summary>Label of a Node that at least one job holds; its value is <see cref="OwnerSlurm"/>.</summary>
    public const string OwnerLabel = "bebida.io/owner";

    /// <summary>Value of <see cref="OwnerLabel"/> while Slurm, or another resource manager, owns the node.</summary>
    public const string OwnerSlurm = "slurm";

    /// <summary>
    /// Prefix of the Server-Side Apply field manager of one hold: <c>bebida/&lt;cluster&gt;/&lt;job id&gt;</c>.
    /// The API server allows at most 128 characters.
    /// </summary>
    public const string FieldManagerPrefix = "bebida/";

    /// <summary>Label of a Node: for how many seconds no planned job is expected there, rounded down to a power of two, for node affinities.</summary>
    public const string FreeSeconds = "bebida.io/free-seconds";

    /// <summary>Annotation of a Node: until when no planned job is expected there (RFC 3339, UTC), for people.</summary>
    public const string FreeUntil = "bebida.io/free-until";

    /// <summary>Server-Side Apply field manager of the two. It has no slash: a hold of the cluster of this name has another manager.</summary>
    public const string FreeManager = "bebida-free";

    /// <summary>Annotation of an Event about a hand-over: whose it was, as <c>&lt;cluster&gt;.&lt;job id&gt;</c>.</summary>
    public const string EventJob = "bebida.io/job";

    /// <summary>Annotation of an Event about a hand-over: when it began (RFC 3339, UTC, milliseconds); an Event's own times are whole seconds.</summary>
    public const string EventBegan = "bebida.io/began";

    /// <summary>Annotation of an Event about a hand-over: when it was done, likewise.</summary>
    public const string EventEnded = "bebida.io/ended";

    /// <summary>Annotation of an Event about a hand-over that the reconciler made up for: the job ran already, and did not wait for it.</summary>
    public const string EventRepair = "bebida.io/repair";

    /// <summary>Annotation of a Node that <c>bebidactl maintenance start</c> marked: the whole reason, which a label cannot say.</summary>
    public const string MaintenanceReason = "bebida.io/maintenance-reason";

    /// <summary>Annotation likewise: until when the maintenance is expected to last (RFC 3339, UTC).</summary>
    public const string MaintenanceUntil = "bebida.io/maintenance-until";

    /// <summary>
    /// Server-Side Apply field manager of such a mark. It has no slash: a hold of the cluster of this name has another manager.
    /// </summary>
    public const string MaintenanceManager = "bebida-maintenance";
}
