using System.Collections.Concurrent;
using System.Text;
using BeBiDa.EmbeddedApi.Http;
using BeBiDa.EmbeddedApi.Objects;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace BeBiDa.EmbeddedApi.Faults;

/// <summary>The faults that are on now.</summary>
public sealed class FaultPlan
{
    private readonly ConcurrentDictionary<long, Armed> armed = new();
    private readonly TimeProvider clock;
    private long next;

    internal FaultPlan(TimeProvider clock) => this.clock = clock;

    /// <summary>Present an expired certificate to clients that connect from now on.</summary>
    public bool ExpiredServerCertificate { get; set; }

    /// <summary>Turns a fault on; disposing what is returned turns it off and lets go of the requests that hang by it.</summary>
    public IDisposable Add(Fault fault)
    {
        var id = Interlocked.Increment(ref next);
        var one = new Armed(fault, () => armed.TryRemove(id, out _));
        armed[id] = one;
        return one;
    }

    /// <summary>Turns every fault off.</summary>
    public void Clear()
    {
        ExpiredServerCertificate = false;
        foreach (var one in armed.Values)
            one.Dispose();
    }

    /// <summary>Lets the faults have a request; false when it must not be carried out any more.</summary>
    internal async ValueTask<bool> MeetAsync(HttpContext http, string verb, string resource)
    {
        if (armed.IsEmpty)
            return true;
        foreach (var (_, one) in armed.OrderBy(pair => pair.Key))
        {
            var fault = one.Fault;
            if (fault.Kind == FaultKind.DropAnswer || !one.Meets(http, verb, resource))
                continue;
            switch (fault.Kind)
            {
                case FaultKind.Latency:
                    await Task.Delay(fault.Delay + one.Draw(fault.Jitter), clock, http.RequestAborted);
                    break;
                case FaultKind.Refuse when fault.Body.Length > 0:
                    await http.WriteAsync(Encoding.Latin1.GetBytes(fault.Body), fault.StatusCode);
                    return false;
                case FaultKind.Refuse:
                    throw Refusal(fault);
                case FaultKind.Hang:
                    await one.HangAsync(http.RequestAborted);
                    break;
                case FaultKind.Drop:
                    Cut(http);
                    return false;
                case FaultKind.Answer:
                    // One byte a character, so that a test can have any bytes sent.
                    await http.WriteAsync(Encoding.Latin1.GetBytes(fault.Body));
                    return false;
            }
        }
        return true;
    }

    /// <summary>Whether the answer to a request, which is carried out, is to be lost.</summary>
    internal bool LosesAnswer(HttpContext http, string verb, string resource) =>
        !armed.IsEmpty && armed.Values.Any(one => one.Fault.Kind == FaultKind.DropAnswer && one.Meets(http, verb, resource));

    /// <summary>Cuts the connection itself, with every request on it.</summary>
    internal static void Cut(HttpContext http)
    {
        if (http.Features.Get<IConnectionLifetimeFeature>() is { } connection)
            connection.Abort();
        http.Abort();
    }

    private static ApiError Refusal(Fault fault)
    {
        var reason = fault.StatusCode switch
        {
            401 => "Unauthorized",
            403 => "Forbidden",
            404 => "NotFound",
            409 => "Conflict",
            429 => "TooManyRequests",
            503 => "ServiceUnavailable",
            504 => "Timeout",
            _ => "InternalError",
        };
        return new(fault.StatusCode, reason, "a fault was asked for", []) { RetryAfter = fault.RetryAfter };
    }

    private sealed class Armed(Fault fault, Action remove) : IDisposable
    {
        private readonly Lock gate = new();
        private readonly Random random = new(fault.Seed);
        private readonly TaskCompletionSource released = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int met;

        public Fault Fault => fault;

        public bool Meets(HttpContext http, string verb, string resource)
        {
            if (fault.Verb is not null && fault.Verb != verb)
                return false;
            if (fault.Resource is not null && fault.Resource != resource)
                return false;
            if (fault.Path is not null && !http.Request.Path.Value!.Contains(fault.Path, StringComparison.Ordinal))
                return false;
            if (
                fault.UserAgent is not null
                && !http.Request.Headers.UserAgent.ToString().StartsWith(fault.UserAgent, StringComparison.Ordinal)
            )
                return false;
            lock (gate)
            {
                if (met >= fault.Times || (fault.Probability < 1 && random.NextDouble() >= fault.Probability))
                    return false;
                met++;
                return true;
            }
        }

        public TimeSpan Draw(TimeSpan most)
        {
            lock (gate)
                return most * random.NextDouble();
        }

        public Task HangAsync(CancellationToken cancellation) => released.Task.WaitAsync(cancellation);

        public void Dispose()
        {
            remove();
            released.TrySetResult();
        }
    }
}
