namespace BeBiDa.EmbeddedApi.Faults;

/// <summary>What goes wrong with a request.</summary>
public enum FaultKind
{
    /// <summary>The answer comes late.</summary>
    Latency,

    /// <summary>The request is refused with <see cref="Fault.StatusCode"/> and not carried out.</summary>
    Refuse,

    /// <summary>The connection is cut before the request is carried out.</summary>
    Drop,

    /// <summary>The request is carried out and the connection cut instead of an answer.</summary>
    DropAnswer,

    /// <summary>The request is accepted and never answered.</summary>
    Hang,

    /// <summary>The request is answered 200 with <see cref="Fault.Body"/> and not carried out; a watch ends after it.</summary>
    Answer,
}

/// <summary>A fault and the requests that it meets.</summary>
public sealed record Fault(FaultKind Kind)
{
    /// <summary>Only this verb (get, list, watch, create, update, patch, delete, deletecollection); any when null.</summary>
    public string? Verb { get; init; }

    /// <summary>Only this resource, such as <c>nodes</c> or <c>pods/eviction</c>; any when null.</summary>
    public string? Resource { get; init; }

    /// <summary>Only paths that contain this; any when null.</summary>
    public string? Path { get; init; }

    /// <summary>Only clients whose User-Agent begins with this; any when null.</summary>
    public string? UserAgent { get; init; }

    /// <summary>The share of the requests that it meets, drawn from <see cref="Seed"/>.</summary>
    public double Probability { get; init; } = 1;

    /// <summary>Makes the draws the same in every run.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>How many requests it meets in all; any number when null.</summary>
    public int? Times { get; init; }

    /// <summary>The delay of <see cref="FaultKind.Latency"/>.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>At most this much is added to the delay, by chance.</summary>
    public TimeSpan Jitter { get; init; }

    /// <summary>The code of <see cref="FaultKind.Refuse"/>.</summary>
    public int StatusCode { get; init; } = 500;

    /// <summary>Seconds for the Retry-After header of a refusal.</summary>
    public int? RetryAfter { get; init; }

    /// <summary>The text of <see cref="FaultKind.Answer"/>, whatever it is; and of a <see cref="FaultKind.Refuse"/> that is to have another than the server's own.</summary>
    public string Body { get; init; } = "";
}
