using System.Net;

namespace BeBiDa.Hollow.Api;

/// <summary>The API server refused or could not serve a request.</summary>
public sealed class ApiException(HttpStatusCode code, string request, string message, TimeSpan? retryAfter = null)
    : Exception($"{request}: {(int)code} {message}")
{
    /// <summary>The HTTP status of the answer.</summary>
    public HttpStatusCode Code { get; } = code;

    /// <summary>How long the server asks to wait (the Retry-After header of a 429).</summary>
    public TimeSpan? RetryAfter { get; } = retryAfter;

    internal bool IsGone => Code == HttpStatusCode.NotFound;

    internal bool IsConflict => Code == HttpStatusCode.Conflict;
}
