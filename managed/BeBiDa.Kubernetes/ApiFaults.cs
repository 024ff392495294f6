using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using BeBiDa.Cluster;

namespace BeBiDa.Kubernetes;

/// <summary>What kind of fault an answer is, or its absence; and for how long there has been no answer.</summary>
/// <remarks>A kind follows from the status code, the reason and the causes. The server's message is for people only.</remarks>
internal sealed class ApiFaults(Func<Uri> address, TimeProvider time)
{
    private long awaySince;

    /// <summary>How long every request has failed because the server was unreachable, broken, or rejected our credentials; zero if the last one did not.</summary>
    public TimeSpan AwayFor => Interlocked.Read(ref awaySince) is var since and not 0 ? time.GetElapsedTime(since) : TimeSpan.Zero;

    /// <summary>A request has succeeded.</summary>
    public void Answered() => Interlocked.Exchange(ref awaySince, 0);

    /// <summary>An answer that is not success.</summary>
    /// <param name="method">The request's method.</param>
    /// <param name="path">The request's path and query.</param>
    /// <param name="code">The answer's status code.</param>
    /// <param name="status">Its body; null if it was no Status.</param>
    /// <param name="retryAfter">Its header Retry-After.</param>
    public ClusterException Answer(HttpMethod method, string path, HttpStatusCode code, StatusObject? status, TimeSpan? retryAfter)
    {
        var fault = KindOf(path, code, status?.Details);
        // The server says no more than "Unauthorized".
        var hint =
            fault == ClusterFault.Unauthenticated
                ? $" ({address()} rejects the kubeconfig's certificate or token: has it expired, been revoked, or is it for another cluster?)"
                : "";
        return Noted(
            new ClusterException(
                fault,
                $"{method} {PathOnly(path)}: {(int)code} {status?.Reason ?? code.ToString()}: {status?.Message ?? "no message"}{hint}",
                status?.Details?.RetryAfterSeconds is > 0 and var seconds ? TimeSpan.FromSeconds(seconds) : retryAfter
            )
        );
    }

    /// <summary>A connection that could not be made, or that broke.</summary>
    public ClusterException Broken(HttpMethod method, string path, Exception e) =>
        Noted(
            new ClusterException(
                ClusterFault.Unavailable,
                $"{method} {PathOnly(path)}: cannot reach {address()}: {e.GetBaseException().Message}",
                null,
                e
            )
        );

    /// <summary>A request that timed out.</summary>
    public ClusterException TimedOut(HttpMethod method, string path, TimeSpan after, Exception e) =>
        Noted(
            new ClusterException(
                ClusterFault.Unavailable,
                $"{method} {PathOnly(path)}: no answer from {address()} within {Duration.Format(after)}",
                null,
                e
            )
        );

    /// <summary>A watch that did not open in time. It may have waited for its slot all the while, which says nothing of the server.</summary>
    public ClusterException NotOpened(string path, TimeSpan after, Exception e) =>
        new(ClusterFault.Unavailable, $"watch of {PathOnly(path)}: not open at {address()} within {Duration.Format(after)}", null, e);

    /// <summary>Whether an exception means that the connection could not be made, broke, or carried no JSON.</summary>
    /// <remarks>
    /// SocketException: .NET throws it bare if the peer closes a connection right after it was made.
    /// FormatException: a credential that no header can hold, such as a token with a line break; the kubeconfig may be mended.
    /// </remarks>
    public static bool IsBroken(Exception e) =>
        e
            is HttpRequestException
                or SocketException
                or IOException
                or HttpProtocolException
                or OperationCanceledException
                or JsonException
                or UnauthorizedAccessException
                or FormatException;

    private static ClusterFault KindOf(string path, HttpStatusCode code, StatusDetails? details)
    {
        bool HasCause(string reason) => details?.Causes?.Any(c => c?.Reason == reason) == true;
        return code switch
        {
            HttpStatusCode.Conflict => ClusterFault.Conflict,
            // The server takes an apply to an object whose uid has changed for an attempt to change the uid.
            HttpStatusCode.UnprocessableEntity when details?.Causes?.Any(c => c?.Field == "metadata.uid") == true => ClusterFault.Conflict,
            // Only if the answer names the object: a webhook may deny with any code, and a proxy knows no objects at all.
            HttpStatusCode.NotFound when details?.Name is { Length: > 0 } name && path.Contains($"/{name}", StringComparison.Ordinal) =>
                ClusterFault.NotFound,
            HttpStatusCode.Forbidden when HasCause("NamespaceTerminating") => ClusterFault.NamespaceTerminating,
            HttpStatusCode.Forbidden => ClusterFault.Forbidden,
            HttpStatusCode.Gone => ClusterFault.Expired,
            HttpStatusCode.Unauthorized => ClusterFault.Unauthenticated,
            HttpStatusCode.TooManyRequests when HasCause("DisruptionBudget") => ClusterFault.Blocked,
            HttpStatusCode.TooManyRequests => ClusterFault.Throttled,
            >= HttpStatusCode.InternalServerError => ClusterFault.Unavailable,
            _ => ClusterFault.Refused,
        };
    }

    private ClusterException Noted(ClusterException failure)
    {
        if (failure.Fault is ClusterFault.Unavailable or ClusterFault.Unauthenticated)
            Interlocked.CompareExchange(ref awaySince, time.GetTimestamp(), 0);
        else
            Answered();
        return failure;
    }

    private static string PathOnly(string path) => path.IndexOf('?', StringComparison.Ordinal) is var query and >= 0 ? path[..query] : path;
}
